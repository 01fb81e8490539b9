// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The machine that the memory tests run on: RAM is an arena, CPUs walk the page tables as the SDM
// says and keep what they found in a TLB of unlimited size until they are told to forget it, so a
// missing flush is found at the next access.

#pragma once

#include "kernel/mm/region.h"

enum { HOST_CPUS = 4 };

// The arena, once a test program: so many bytes of RAM from address 0, or with the ranges given.
void host_init(uint64_t bytes);
void host_init_ranges(uint64_t bytes, const struct boot_memory_range *ranges, unsigned count,
                      const struct boot_memory_range *reserved, unsigned reserved_count);

// From now on the n-th allocation (of pages or from the heap) fails, once; 0: none does. Returns
// how many there were since the last call.
unsigned host_fail_allocation(unsigned n);

// Runs what object_put has queued.
void host_reap(void);

// Pages in use besides the heap's: to compare before and after.
uint64_t host_pages_used(void);

// The program on host_cpu accesses one page: 0 and the byte's address, or why not (an error of
// aspace_fault, with *fault).
int host_access(struct aspace *aspace, uint64_t address, unsigned access, uint8_t **byte,
                struct fault *fault);

// Every translation in a TLB is still what the tables say, or allows less.
void host_check_tlbs(void);

// Pages named by private entries and object slots have exactly so many references; writable private
// entries, one.
void host_check_references(struct aspace **aspaces, unsigned aspace_count, struct memory **memories,
                           unsigned memory_count);

extern uint64_t host_flushes; // calls of tlb_flush_range that found the space loaded somewhere
