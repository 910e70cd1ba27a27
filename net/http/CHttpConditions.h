#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "net/http/SHttpRequest.h"

namespace switchboard {

// By which a client names a state of a file, as the response says them.
struct SValidators {
  std::string_view etag;  // with its quotes
  // Last-Modified in seconds; not later than now (RFC 9110 §8.8.2.1): for a file of the future it is now.
  int64_t modified = 0;
};

enum class ECondition : uint8_t {
  kProceed,
  kNotModified,  // 304
  kFailed        // 412
};

// Judges the preconditions of a request in the order of RFC 9110 §13.2.2: If-Match, else If-Unmodified-Since;
// If-None-Match, else If-Modified-Since; If-Range at last. Dates that are none, or repeated, count as absent.
// Threads: any.
class CHttpConditions {
 public:
  // `now` in seconds of the wall clock. Call it only if the answer would be 2xx without conditions.
  static ECondition Judge(const SHttpRequest& request, const SValidators& validators, int64_t now);
  // Whether a Range field counts: there is no If-Range, or it names this very state. For GET, after Judge has said
  // kProceed.
  static bool IsRangeValid(const SHttpRequest& request, const SValidators& validators, int64_t now);

  // The entity tag of a file: its time of modification in nanoseconds and its size. `isWeak`: it may still change
  // without a new time, because that was a moment ago.
  static std::string MakeEtag(const struct stat& status, bool isWeak = false);
};

}  // namespace switchboard
