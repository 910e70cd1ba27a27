#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/http/SHttpRequest.h"

namespace switchboard {

// Finds the end of a request's head, or of the trailer of a chunked body, in bytes that arrive in pieces, and refuses
// at once what no head may hold: a CR or an LF alone, a line that begins with a blank (a folded field), NUL and other
// control bytes. One empty line before the head is let pass (RFC 9112 §2.2). It keeps no bytes.
// Threads: one owner at a time.
class CHttpHeadScanner {
 public:
  struct SScan {
    size_t bytes = 0;    // of `input` that belong to the head
    bool isEnd = false;  // these are its last ones
    SHttpVerdict verdict;
  };

  // Goes on with the bytes that follow the ones of earlier calls.
  SScan Scan(std::string_view input, const SHttpLimits& limits);
  // Begins with a new head; or with the lines of a trailer, which has no request line and may be empty. As nobody reads
  // a trailer's fields, it is judged here that each has a name that is a token, and a colon right behind it.
  void Reset() { *this = {}; }
  void ResetForTrailer() {
    Reset();
    m_hasFirstLine = true;
    m_isTrailer = true;
  }

 private:
  // Whether these next bytes of a trailer's line may stand there.
  bool IsFieldSoFar(std::string_view bytes);

  uint32_t m_bytes = 0;      // of the head so far
  uint32_t m_lineBytes = 0;  // of the current line so far
  bool m_isAfterCr = false;
  bool m_hasFirstLine = false;  // a line that was not empty has passed
  bool m_hasEmptyLine = false;  // an empty one has passed before it
  bool m_isTrailer = false;
  bool m_hasColon = false;  // of a trailer's current line
};

}  // namespace switchboard
