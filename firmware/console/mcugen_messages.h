/* Message types and error codes of the console protocol; docs/console-protocol.md says what each
 * carries, mcugen/protocol/messages.py is the other end. */
#ifndef MCUGEN_MESSAGES_H
#define MCUGEN_MESSAGES_H

#define MCUGEN_PROTOCOL_VERSION 3u

enum mcugen_request {
    MCUGEN_REQUEST_HELLO = 0x01,
    MCUGEN_REQUEST_INPUT = 0x02,
    MCUGEN_REQUEST_RUN = 0x03,
    MCUGEN_REQUEST_OUTPUT = 0x04,
    MCUGEN_REQUEST_REBOOT_TO_LOADER = 0x05
};

enum mcugen_answer {
    MCUGEN_ANSWER_HELLO = 0x81,
    MCUGEN_ANSWER_ACK = 0x82,
    MCUGEN_ANSWER_LAYER = 0x83,
    MCUGEN_ANSWER_DONE = 0x84,
    MCUGEN_ANSWER_OUTPUT = 0x85,
    MCUGEN_ANSWER_FAULT = 0x86,
    MCUGEN_ANSWER_ERROR = 0x87
};

enum mcugen_error_code {
    MCUGEN_ERROR_BAD_FRAME = 1,        /* not a frame, or its check sum is wrong */
    MCUGEN_ERROR_UNKNOWN_REQUEST = 2,  /* no request has this type */
    MCUGEN_ERROR_BAD_LENGTH = 3,       /* the payload is too short or too long for this request */
    MCUGEN_ERROR_BAD_RANGE = 4,        /* offset and length lie outside the input or output */
    MCUGEN_ERROR_OUT_OF_ORDER = 5,     /* input that does not continue what has arrived */
    MCUGEN_ERROR_INPUT_INCOMPLETE = 6, /* RUN before the whole input arrived anew */
    MCUGEN_ERROR_NO_OUTPUT = 7,        /* OUTPUT before a RUN, or after new input began */
    MCUGEN_ERROR_NO_LOADER = 8,        /* the program cannot restart into a loader */
    MCUGEN_ERROR_NO_MODEL = 9,         /* the program has no model of this number */
    MCUGEN_ERROR_NO_WEIGHTS = 10       /* RUN without the weights that the models were built with */
};

#endif
