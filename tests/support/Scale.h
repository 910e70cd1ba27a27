#pragma once

#include <cstdint>

namespace switchboard {

// How many times less often a test repeats its body under a sanitizer, which makes each time so much slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr uint32_t kFewer = 20;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr uint32_t kFewer = 20;
#else
inline constexpr uint32_t kFewer = 1;
#endif
#else
inline constexpr uint32_t kFewer = 1;
#endif

}  // namespace switchboard
