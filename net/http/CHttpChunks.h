#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/http/CHttpHeadScanner.h"

namespace switchboard {

// Cuts the data out of a chunked body (RFC 9112 §7.1) that arrives in pieces. Strict: sizes of 1 … 8 hexadecimal digits
// without blanks, CR LF after each line and each chunk; extensions and trailer fields are skipped, and bounded. A line
// of the trailer that no head could have is refused.
// Threads: one owner at a time.
class CHttpChunks {
 public:
  struct SPiece {
    size_t eaten = 0;       // bytes of `input`, framing included
    std::string_view data;  // of the body, inside `input`; may be empty although bytes were eaten
    bool isEnd = false;     // the whole body, its trailer included, has been eaten
    SHttpVerdict verdict;
  };

  // Takes bytes from the front of `input`, which isn't empty, up to the end of the next data. `limits` bounds the
  // trailer and the extensions (headBytes); that the data exceed a limit is for the caller to see.
  SPiece Next(std::string_view input, const SHttpLimits& limits);
  void Reset() { *this = {}; }

 private:
  enum class EAt : uint8_t { kSize, kExtension, kSizeLf, kData, kDataCr, kDataLf, kTrailer };

  SPiece NextOfSize(char c, const SHttpLimits& limits);

  EAt m_at = EAt::kSize;
  uint8_t m_digits = 0;
  uint32_t m_left = 0;            // bytes of data that the chunk still has
  uint32_t m_extensionBytes = 0;  // of all chunks so far
  CHttpHeadScanner m_trailer;
};

}  // namespace switchboard
