// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// A system in one thread for the block library's tests: handles, memory objects, notifications, a
// clock that only moves when somebody waits, devmgr and rs with one device, and a driver process
// that can be killed. It implements what lib/block and lib/driver ask of the real one (server_os.h,
// client_os.h, driver.h, dma.h, dma_map.h).

#pragma once

#include <stdbool.h>

#include "abi/message.h"
#include "abi/types.h"

struct driver;

// What a test drives the driver process with. step: one turn of the device (complete something);
// true if it did any.
struct fake_hooks {
    void (*boot)(void); // sets up units after the process started
    bool (*step)(void);
};

extern struct fake_system {
    struct fake_hooks hooks;
    time_ns_t now;
    bool driver_runs;
    bool device_failed;
    bool mute;                // the driver answers messages, and that is all
    bool deaf;                // it does not even do that
    uint32_t lies_about;      // the driver answers messages with this label ...
    int lie;                  // ... by this, until it is replaced
    uint64_t incarnation_lie; // added to the incarnation that the driver says it is, until then
    uint64_t capacity_lie;    // that the driver's disk has, until then
    uint64_t incarnation;
    unsigned attach_failures; // how many BLOCK_ATTACH calls end in E_RESTARTED
    unsigned wakes;           // driver_wake calls
    unsigned complaints;      // to rs, which replaces the driver
    bool complaints_refused;  // or not
    unsigned signals;         // notifications signalled
    unsigned maps;            // pages mapped for DMA at present
    bool dma_fails;
    int failed; // driver_fail was called
} fake;

void fake_start(const struct fake_hooks *hooks);
// Frees everything; fails the test if a handle or a DMA mapping is left.
void fake_stop(void);

// The driver process dies: its memory is gone, devmgr's incarnation moves on, clients are
// signalled.
void fake_kill_driver(void);
// A successor starts (or nobody will, with fake.device_failed).
void fake_start_driver(void);

// One turn of the driver's event loop. True if anything happened.
bool fake_run_driver(void);
// Turns until nothing happens any more.
void fake_run(void);

handle_t fake_memory_create(uint64_t bytes);
uint8_t *fake_memory(handle_t handle);
handle_t fake_notification_create(void);
uint64_t fake_notification_take(handle_t handle);
handle_t fake_duplicate(handle_t handle);
void fake_close(handle_t handle);
unsigned fake_handles_open(void);

// A message to the driver's endpoint as a client with this badge; returns the reply's label.
int fake_call_driver(uint64_t badge, struct message *message);

enum { FAKE_DEVMGR = 4001, FAKE_RS = 4002, FAKE_ENDPOINT = 4003, FAKE_BADGE = 77 };
