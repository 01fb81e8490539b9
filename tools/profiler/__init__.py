# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The XINIM authors
"""Parts of tools/profile.py: QEMU's debug stub, its execution log, and symbols."""
