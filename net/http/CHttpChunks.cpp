#include "net/http/CHttpChunks.h"

#include <algorithm>

#include "net/http/HttpText.h"

namespace switchboard {

namespace {

constexpr uint8_t kMaxDigits = 8;

CHttpChunks::SPiece Refuse(const char* p_reason) { return {0, {}, false, {400, p_reason}}; }

}  // namespace

CHttpChunks::SPiece CHttpChunks::Next(std::string_view input, const SHttpLimits& limits) {
  const char c = input.front();
  switch (m_at) {
    case EAt::kSize:
    case EAt::kExtension:
      return NextOfSize(c, limits);
    case EAt::kSizeLf:
      if (c != '\n') return Refuse("CR alone after a chunk size");
      m_digits = 0;
      m_at = m_left == 0 ? EAt::kTrailer : EAt::kData;
      if (m_left == 0) m_trailer.ResetForTrailer();
      return {1, {}, false, {}};
    case EAt::kData: {
      const size_t bytes = std::min<size_t>(m_left, input.size());
      m_left -= static_cast<uint32_t>(bytes);
      if (m_left == 0) m_at = EAt::kDataCr;
      return {bytes, input.substr(0, bytes), false, {}};
    }
    case EAt::kDataCr:
      if (c != '\r') return Refuse("chunk is longer than its size");
      m_at = EAt::kDataLf;
      return {1, {}, false, {}};
    case EAt::kDataLf:
      if (c != '\n') return Refuse("CR alone after a chunk");
      m_at = EAt::kSize;
      return {1, {}, false, {}};
    case EAt::kTrailer:
      break;
  }
  const CHttpHeadScanner::SScan scan = m_trailer.Scan(input, limits);
  return {scan.bytes, {}, scan.isEnd, scan.verdict};
}

CHttpChunks::SPiece CHttpChunks::NextOfSize(char c, const SHttpLimits& limits) {
  const int digit = m_at == EAt::kSize ? HexDigit(c) : -1;
  if (digit >= 0) {
    if (m_digits == kMaxDigits) return Refuse("chunk size too long");
    ++m_digits;
    m_left = (m_left << 4) | static_cast<uint32_t>(digit);
  } else if (m_digits == 0) {
    return Refuse("no chunk size");
  } else if (c == '\r') {
    m_at = EAt::kSizeLf;
  } else if (m_at == EAt::kSize && c != ';') {
    return Refuse("bad chunk size");
  } else {
    if (!IsHttpLineByte(c)) return Refuse("control byte in a chunk extension");
    if (++m_extensionBytes > limits.headBytes) return Refuse("chunk extensions too long");
    m_at = EAt::kExtension;
  }
  return {1, {}, false, {}};
}

}  // namespace switchboard
