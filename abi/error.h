// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The one error space of XINIM. Calls return 0 or a positive result, or one of these, negated:
// `return -E_INVAL`. Numbers below 512 are Linux's errno values (asm-generic), so an error travels
// from a driver to a Linux program unchanged. Numbers from 512 up are XINIM's own and never reach a
// Linux program.

#pragma once

enum error {
    E_OK = 0,
    E_PERM = 1,   // the caller's handle lacks the right
    E_NOENT = 2,  // no such name
    E_SRCH = 3,   // no such process or thread
    E_INTR = 4,   // the wait was interrupted (thread kicked)
    E_IO = 5,     // the device failed the request
    E_NXIO = 6,   // no such device or address
    E_2BIG = 7,   // arguments too long
    E_NOEXEC = 8, // not an executable this system can run
    E_BADF = 9,   // no such handle, or of another type
    E_CHILD = 10,
    E_AGAIN = 11, // would block; the futex word changed
    E_NOMEM = 12, // memory, table slot or quota exhausted
    E_ACCES = 13,
    E_FAULT = 14, // an address that the call names is not accessible
    E_NOTBLK = 15,
    E_BUSY = 16, // in use
    E_EXIST = 17,
    E_XDEV = 18,
    E_NODEV = 19,
    E_NOTDIR = 20,
    E_ISDIR = 21,
    E_INVAL = 22, // an argument is out of its range
    E_NFILE = 23,
    E_MFILE = 24,
    E_NOTTY = 25,
    E_TXTBSY = 26,
    E_FBIG = 27,
    E_NOSPC = 28,
    E_SPIPE = 29,
    E_ROFS = 30,
    E_MLINK = 31,
    E_PIPE = 32,
    E_DOM = 33,
    E_RANGE = 34,
    E_DEADLK = 35,
    E_NAMETOOLONG = 36,
    E_NOLCK = 37,
    E_NOSYS = 38, // no such call
    E_NOTEMPTY = 39,
    E_LOOP = 40,
    E_NODATA = 61,
    E_TIME = 62,
    E_PROTO = 71, // the peer broke the protocol
    E_OVERFLOW = 75,
    E_BADMSG = 74,  // a checksum or format check failed
    E_UCLEAN = 117, // on-disk structure needs repair (Linux EUCLEAN)
    E_NOTSOCK = 88,
    E_OPNOTSUPP = 95,
    E_AFNOSUPPORT = 97,
    E_TIMEDOUT = 110, // the deadline passed
    E_ALREADY = 114,
    E_INPROGRESS = 115,
    E_CANCELED = 125,

    E_RESTARTED = 512, // the server died after receiving the call and before answering; a successor
                       // takes over
    E_DEAD = 513,      // the object is gone for good (endpoint destroyed, process dead)
    E_TRUNCATED = 514, // the message or table was longer than the room given
    E_FAULTED = 515,   // guest_run: see guest_state
};
