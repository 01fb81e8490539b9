# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Parts of ./run: options, the machine's QEMU command line, and the two kinds of session."""
