// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: 2026 The XINIM authors

// The program that the exec rows run: start-up of a C library, and the end.

int main(void)
{
    return 0;
}
