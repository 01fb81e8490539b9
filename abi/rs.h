// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The reincarnation server's protocol: what services ask rs. rs itself never calls anybody: what it
// has to tell it signals, and the others come and fetch it. When rs dies it goes on where it was;
// who waited for an answer gets -E_RESTARTED and asks again: every request may be made twice.
//
// A service is one manifest's running program, or, for manifests with `per = device`, one of
// several instances
// ("virtio_blk.0"). rs owns each service's endpoint: it outlives the process, so a handle to it
// stays good across restarts. A service finds in its startup page: "endpoint" (its own, to
// receive), "log_ring" and "log_signal" (abi/log.h), "rs" (this protocol), a handle for each
// service that its manifest `uses`, by name, and what its manifest grants (docs/manifests.md). The
// badge of a client on an endpoint: RS_BADGE_SERVICE in the low half, the permissions that the
// client's manifest names in `uses = server(permission ...)`, as bits that the server's manifest
// defines, in the high.
//
// A service of `ready = call` counts as started when it has sent RS_READY: services that `needs` it
// start then.
//
// Owned instances. Who may start a template's instances (`starts` in its manifest) owns them. At an
// instance's death rs keeps its handles and waits for the owner to make its device safe
// (RS_INSTANCE_CLEARED) before the successor starts, however long that takes; every
// RS_CLEAR_TIMEOUT_NS the owner is signalled again. When the owner dies its instances run on: its
// successor finds them with RS_INSTANCE_AT, and what it must have to care for them with RS_KEPT.

#pragma once

#include "abi/message.h"
#include "abi/startup.h"
#include "abi/types.h"

enum { RS_NAME_MAX = 32, RS_NAME_WORDS = RS_NAME_MAX / 8, RS_CLASS_MAX = 16 };

#define RS_BADGE_SERVICE(badge)     ((uint32_t)(badge))
#define RS_BADGE_PERMISSIONS(badge) ((uint32_t)((badge) >> 32))
#define RS_CLEAR_TIMEOUT_NS         2000000000ull

// Permissions on rs, as its own manifest entry names them: uses = rs(control instances logs
// complain).
enum rs_permission {
    RS_MAY_CONTROL = 1 << 0,   // "control": RS_CONTROL, RS_UPDATE
    RS_MAY_INSTANCES = 1 << 1, // "instances": RS_INSTANCE_* of templates in its `starts`
    RS_MAY_LOGS = 1 << 2,      // "logs": RS_LOG_SOURCE
    RS_MAY_COMPLAIN = 1 << 3,  // "complain": RS_COMPLAIN about services in its `uses`
};

enum rs_state {
    RS_STOPPED,  // not started, or stopped on request
    RS_WAITING,  // for the services it needs
    RS_STARTING, // runs, not ready yet
    RS_RUNNING,
    RS_CLEARING,   // died; its owner makes the device safe
    RS_RESTARTING, // died; the back-off runs
    RS_FAILED,     // cannot be started: its binary is bad
    RS_STOPPING,   // was asked to end
    RS_DEGRADED,   // given up: it died too often
    RS_STATES,
};

// One service, as RS_SERVICE and RS_FIND return it.
struct rs_service_info {
    uint32_t id;    // stable while the system runs; RS_BADGE_SERVICE of its calls
    uint32_t state; // enum rs_state
    uint32_t crashes;
    uint32_t restarts;
    uint64_t incarnation;       // 0 the first, then one more at each start
    time_ns_t started_at;       // this incarnation; 0: not running
    time_ns_t died_at;          // the one before; 0: none
    uint32_t process;           // kernel's process id, 0: not running
    uint32_t cause;             // enum death_cause of the last death
    char name[RS_NAME_MAX];     // "virtio_blk.0"
    char manifest[RS_NAME_MAX]; // "virtio_blk"
    char class[RS_CLASS_MAX];   // "block"
};
_Static_assert(sizeof(struct rs_service_info) == 128, "16 message words");

// Labels of requests. "name" is RS_NAME_WORDS words, NUL-padded. Replies carry 0, a positive result
// or a negative error in the label. Common errors: E_PERM the manifest does not allow it, E_NOENT
// no such service, E_INVAL, E_NOSYS.
enum rs_op {
    // (): the caller is ready to serve. Idempotent.
    RS_READY = 0x300,
    // (; handle, in the first one: notification): the caller lives. A service whose manifest has
    // `heartbeat` (every one, unless it says otherwise) gives, with RS_READY or before, the
    // notification that rs signals, with its own badge, every period; it answers with this, from
    // the loop that serves requests and from nowhere else.
    // -> 0: enum rs_fault that it is to commit now (RS_FAULT)
    RS_HEARTBEAT,
    // (name) -> 0: id, 1: incarnation, 2: state; handle: its endpoint, with the caller's badge. The
    // name, its manifest
    // or "class:<its class>" must be in the caller's `uses`.
    RS_CONNECT,
    // () -> 0: number of services, 1: change count
    RS_COUNT,
    // (index) -> struct rs_service_info; E_NOENT past the end
    RS_SERVICE,
    // (name) -> struct rs_service_info
    RS_FIND,
    // (; handle: notification): signal it at every change of any service's state -> 1: change count
    RS_WATCH,
    // (enum rs_text, offset, ticket, name) -> label: bytes of text from there, at most
    // RS_TEXT_BYTES,
    // 0 at the end; 0: ticket, 1 and on: they. Offset 0 takes the text anew; with its ticket the
    // following pieces are of the same one. E_AGAIN: newer ones have taken its place, begin again.
    RS_TEXT,
    // (enum rs_control, name): E_BUSY not possible in its present state, or a running service
    // needs it
    RS_CONTROL,

    // (name of a template; words from RS_NAME_WORDS on, if there are any: the owner's own name for
    // it, as long) -> 0: id of a new instance, not started. E_NOMEM too many. Until it is given
    // something, the same one comes again.
    RS_INSTANCE_CREATE,
    // (id, bytes, text): one more word of the instance's arguments, unless it has that one already.
    // E_2BIG: STARTUP_ARGUMENTS are full.
    RS_INSTANCE_ARGUMENT,
    // (id, number, struct rs_grant x number; as many handles): it starts with these handles too,
    // each time. A grant of the same name is replaced.
    RS_INSTANCE_GRANT,
    // (id) -> 0: id; handle: the instance's endpoint, with the caller's badge. It starts when what
    // it needs is ready.
    RS_INSTANCE_START,
    // (id): ends it without a successor and forgets it and its handles
    RS_INSTANCE_REMOVE,
    // (id): its device is safe, a successor may start; E_BUSY: not in RS_CLEARING
    RS_INSTANCE_CLEARED,

    // (index) -> 0: id, 1: bytes of the ring, words from 2: name; handle: its struct log_ring. For
    // the log server;
    // the ring stays while the system runs, so each index is fetched once. E_NOENT past the end.
    RS_LOG_SOURCE,

    // (bits; handle: notification): from now on signal it, with its own badge, when one of the
    // caller's instances
    // changes state; the owner looks with RS_SERVICE which. Replaces the caller's earlier one.
    RS_INSTANCE_WATCH,
    // (id, struct rs_dma): what the instance's device does, for its status and statistics. If the
    // faults are more than at the last time, and the instance runs, it ends as by a crash: what it
    // waits for may never come.
    RS_INSTANCE_DMA,

    // (; handle: notification): signal it, with its own badge, when the caller is to end. It
    // finishes what must not be left undone and exits with code 0; if it has not after
    // `stop_timeout`, it is killed. A service that never sent this is killed at once.
    RS_STOP_SIGNAL,
    // (incarnation, since, name): this incarnation of a service answers its heartbeats and does not
    // do what it was asked at the time `since`, such as complete a request, or it breaks the
    // protocol with its clients: it is killed as a crash. E_BUSY: that incarnation does not run any
    // more.
    RS_COMPLAIN,
    // (enum rs_fault, seed, count, name): the service is to misbehave, for tests of recovery. Needs
    // RS_MAY_CONTROL, and `xinim.faults=1` on the kernel's command line: else E_PERM. E_BUSY: it
    // does not run. E_OPNOTSUPP: it cannot be told, or the fault would harm others
    // (RS_FAULT_BAD_DMA where no IOMMU protects). rs itself takes RS_FAULT_CRASH, with `count` as
    // the moment of its work at which it strikes, ABORT, HANG, SLEEP, LEAK, and GARBAGE, by which
    // it
    // damages what its successor should find.
    RS_FAULT,
    // (bytes, name; handle: memory object with an ELF file, or none: the boot archive's binary):
    // the running service goes on with this binary. Wants the permission "control". Answered when
    // it is ready. In all other cases the old binary runs on or again: E_OPNOTSUPP its manifest
    // says `restart = never`; E_BUSY it does not run, or is being stopped; E_NOEXEC, E_2BIG,
    // E_FAULT, E_NOMEM the file cannot be used; E_IO the new process died or was not ready in time;
    // E_INTR somebody stopped the service meanwhile.
    RS_UPDATE,

    // (index) -> struct rs_instance: one of the caller's instances, also those that its
    // predecessors made; E_NOENT past the end
    RS_INSTANCE_AT,
    // (id): its owner knows nothing any more of what the instance was granted: it forgets that, and
    // its arguments, and if it would run, it is in RS_CLEARING. E_AGAIN: its process is only being
    // ended, call again.
    RS_INSTANCE_RENEW,
    // (name; handle, or none: no longer): rs keeps the handle for the caller's successors. One of
    // the same name is replaced. Needs RS_MAY_INSTANCES. E_NOMEM: too many.
    RS_KEEP,
    // (index) -> words: name; handle: one that the caller or a predecessor had kept. E_NOENT past
    // the end.
    RS_KEPT,
};

// One instance, for its owner.
struct rs_instance {
    uint32_t id;
    uint32_t state;   // enum rs_state
    uint32_t started; // 1: it ran at least once, so it has all its grants
    uint32_t reserved;
    uint64_t incarnation;
    char name[RS_NAME_MAX];
    char template[RS_NAME_MAX];
    char key[RS_NAME_MAX]; // RS_INSTANCE_CREATE: the owner's name for it
};
_Static_assert(sizeof(struct rs_instance) == 120, "fifteen message words");

enum rs_dma_protection {
    RS_DMA_NONE,        // its device does no DMA
    RS_DMA_CONFINED,    // its device reaches what it mapped and nothing else
    RS_DMA_UNPROTECTED, // its device reaches all memory
};

struct rs_dma {
    uint32_t protection;   // enum rs_dma_protection
    uint32_t fault_access; // PROT_READ or PROT_WRITE
    uint64_t faults;       // accesses of its device that were stopped, since the machine started
    uint64_t fault_bus;    // the last one's page
};
_Static_assert(sizeof(struct rs_dma) == 24, "three message words");

enum { RS_TEXT_BYTES = (MESSAGE_WORDS - 1) * 8 };

// RS_INSTANCE_GRANT: the handle becomes startup grant `name` with `value`. At most MESSAGE_HANDLES
// a message.
struct rs_grant {
    char name[STARTUP_NAME];
    uint64_t value;
};
_Static_assert(sizeof(struct rs_grant) == 32, "four message words");

enum rs_fault {
    RS_FAULT_NONE,
    RS_FAULT_CRASH,    // writes through a wild pointer
    RS_FAULT_ABORT,    // ends itself
    RS_FAULT_HANG,     // spins
    RS_FAULT_SLEEP,    // sleeps for ever
    RS_FAULT_MUTE,     // answers heartbeats and control messages, completes nothing
    RS_FAULT_GARBAGE,  // bad indices and lengths in the rings it shares with its clients
    RS_FAULT_BAD_DMA,  // tells its device to write outside its window
    RS_FAULT_LOST_IRQ, // overlooks the next interrupt
    RS_FAULT_LEAK,     // eats memory with each heartbeat
    RS_FAULT_MUTATE,   // rs changes `count` instructions of its running text, chosen by `seed`
    RS_FAULTS,
};

enum rs_text {
    RS_TEXT_STATUS, // state, incarnation, uptime, last words: cause, registers, backtrace
    RS_TEXT_STATS,  // one "key value" a line
};

enum rs_control {
    RS_CONTROL_START, // and what it needs
    RS_CONTROL_STOP,  // without a successor
    RS_CONTROL_RESTART,
    RS_CONTROL_KILL, // dies at once, as by a fault, but counts for neither back-off nor give-up
};
