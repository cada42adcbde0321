#ifndef BOARD_H
#define BOARD_H

#define BOARD_ID "host"

#endif
