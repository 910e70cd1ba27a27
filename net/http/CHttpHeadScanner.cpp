#include "net/http/CHttpHeadScanner.h"

#include <algorithm>
#include <utility>

#include "net/http/HttpText.h"

namespace switchboard {

bool CHttpHeadScanner::IsFieldSoFar(std::string_view bytes) {
  if (m_hasColon || bytes.empty()) return true;
  const size_t colon = bytes.find(':');
  m_hasColon = colon != std::string_view::npos;
  const std::string_view name = bytes.substr(0, colon);
  const bool isNamed = m_lineBytes != 0 || !name.empty();
  return isNamed && std::all_of(name.begin(), name.end(), IsHttpTokenByte);
}

CHttpHeadScanner::SScan CHttpHeadScanner::Scan(std::string_view input, const SHttpLimits& limits) {
  const auto refuse = [](uint16_t status, const char* p_reason) { return SScan{0, false, {status, p_reason}}; };
  const size_t most = std::min(limits.headBytes, SHttpLimits::kMaxHeadBytes);
  size_t at = 0;
  while (at < input.size()) {
    if (!m_isAfterCr) {
      const size_t begin = at;
      at += CountHttpLineBytes(input.substr(at));
      if (at > begin && m_lineBytes == 0 && (input[begin] == ' ' || input[begin] == '\t')) {
        return refuse(400, "line begins with a blank");
      }
      // Only up to the limit: what is refused must not depend on how the bytes arrive.
      if (m_isTrailer && at > begin && !IsFieldSoFar(input.substr(begin, std::min(at - begin, most - m_bytes)))) {
        return refuse(400, "trailer line is no field");
      }
      m_lineBytes += static_cast<uint32_t>(at - begin);
      m_bytes += static_cast<uint32_t>(at - begin);
      if (!m_hasFirstLine && m_lineBytes > limits.lineBytes) return refuse(414, "request line too long");
      if (m_bytes > most) return refuse(431, "head too long");
      if (at == input.size()) break;
    }
    const char end = input[at];
    if (end != (m_isAfterCr ? '\n' : '\r')) return refuse(400, "control byte, or CR or LF alone");
    if (m_isTrailer && !m_isAfterCr && m_lineBytes != 0 && !std::exchange(m_hasColon, false)) {
      return refuse(400, "trailer line without a colon");
    }
    ++at;
    ++m_bytes;
    if (m_bytes > most) return refuse(431, "head too long");
    m_isAfterCr = !m_isAfterCr;
    if (m_isAfterCr) continue;
    if (m_lineBytes != 0) {
      m_hasFirstLine = true;
      m_lineBytes = 0;
    } else if (m_hasFirstLine) {
      return {at, true, {}};
    } else if (std::exchange(m_hasEmptyLine, true)) {
      return refuse(400, "empty lines instead of a request");
    }
  }
  return {at, false, {}};
}

}  // namespace switchboard
