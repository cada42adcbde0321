/* Message types and error codes of the console protocol; docs/console-protocol.md says what each
 * carries, mcugen/protocol/messages.py is the other end. */
#ifndef MESSAGES_H
#define MESSAGES_H

#define PROTOCOL_VERSION 2u

enum request {
    REQUEST_HELLO = 0x01,
    REQUEST_INPUT = 0x02,
    REQUEST_RUN = 0x03,
    REQUEST_OUTPUT = 0x04,
    REQUEST_REBOOT_TO_LOADER = 0x05
};

enum answer {
    ANSWER_HELLO = 0x81,
    ANSWER_ACK = 0x82,
    ANSWER_LAYER = 0x83,
    ANSWER_DONE = 0x84,
    ANSWER_OUTPUT = 0x85,
    ANSWER_FAULT = 0x86,
    ANSWER_ERROR = 0x87
};

enum error_code {
    ERROR_BAD_FRAME = 1,        /* not a frame, or its check sum is wrong */
    ERROR_UNKNOWN_REQUEST = 2,  /* no request has this type */
    ERROR_BAD_LENGTH = 3,       /* the payload is too short or too long for this request */
    ERROR_BAD_RANGE = 4,        /* offset and length lie outside the input or output */
    ERROR_OUT_OF_ORDER = 5,     /* input that does not continue what has arrived */
    ERROR_INPUT_INCOMPLETE = 6, /* RUN before the whole input arrived anew */
    ERROR_NO_OUTPUT = 7         /* OUTPUT before a RUN, or after new input began to overwrite it */
};

#endif
