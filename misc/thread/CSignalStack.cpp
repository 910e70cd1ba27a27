#include "misc/thread/CSignalStack.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>

namespace switchboard {

namespace {

// What the kernel saves of the registers alone may take over 8 KiB (AVX-512, AMX).
size_t StackBytes() { return static_cast<size_t>(std::max(sysconf(_SC_SIGSTKSZ), 32L * 1024)); }

}  // namespace

CSignalStack::CSignalStack() {
  stack_t before{};
  if (sigaltstack(nullptr, &before) != 0 || (before.ss_flags & SS_DISABLE) == 0) return;
  const size_t bytes = StackBytes();
  m_p_memory = std::make_unique_for_overwrite<std::byte[]>(bytes);
  stack_t stack{};
  stack.ss_sp = m_p_memory.get();
  stack.ss_size = bytes;
  if (sigaltstack(&stack, nullptr) != 0) m_p_memory.reset();
}

CSignalStack::~CSignalStack() {
  if (m_p_memory == nullptr) return;
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  sigaltstack(&none, nullptr);
}

}  // namespace switchboard
