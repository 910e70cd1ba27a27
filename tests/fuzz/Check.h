#pragma once

#include <cstdio>
#include <cstdlib>

// Ends a fuzz run with a message when something doesn't hold.
inline void Check(bool isTrue, const char* p_what) {
  if (isTrue) return;
  std::fprintf(stderr, "does not hold: %s\n", p_what);
  std::abort();
}
