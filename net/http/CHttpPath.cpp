#include "net/http/CHttpPath.h"

#include "net/http/HttpText.h"

namespace switchboard {

namespace {

constexpr std::string_view kWellKnown = "/.well-known/";

}  // namespace

SHttpVerdict CHttpPath::Resolve(std::string_view target) {
  m_size = 0;
  m_query = {};
  const size_t mark = target.find('?');
  m_hasQuery = mark != std::string_view::npos;
  if (m_hasQuery) m_query = target.substr(mark + 1);
  const std::string_view path = target.substr(0, mark);
  const auto refuse = [this](uint16_t status, const char* p_reason) {
    m_size = 0;
    return SHttpVerdict{status, p_reason};
  };
  // RFC 9110 section 4.2.3: an absolute URI without a path means "/".
  if (!path.starts_with('/') && !(path.empty() && m_hasQuery)) return refuse(400, "path does not begin with a slash");
  m_bytes[m_size++] = '/';
  size_t segmentBegin = m_size;
  for (size_t at = 1; at < path.size(); ++at) {
    char c = path[at];
    if (c == '/') {
      if (!Step(segmentBegin)) return refuse(400, "path leaves the root");
      if (m_size == kMaxBytes) return refuse(414, "path too long");
      if (m_bytes[m_size - 1] != '/') m_bytes[m_size++] = '/';
      segmentBegin = m_size;
      continue;
    }
    if (c == '%') {
      const int byte = UriUnescape(path.substr(at));
      if (byte < 0) return refuse(400, "bad escape in the path");
      if (byte == '/') return refuse(400, "encoded slash in the path");
      c = static_cast<char>(byte);
      at += 2;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return refuse(400, "control byte in the path");
    if (c == '\\') return refuse(400, "backslash in the path");
    if (m_size == kMaxBytes) return refuse(414, "path too long");
    m_bytes[m_size++] = c;
  }
  return Step(segmentBegin) ? SHttpVerdict{} : refuse(400, "path leaves the root");
}

bool CHttpPath::Step(size_t segmentBegin) {
  const std::string_view segment(m_bytes.data() + segmentBegin, m_size - segmentBegin);
  if (segment == ".") {
    m_size = segmentBegin;
  } else if (segment == "..") {
    if (segmentBegin == 1) return false;
    const size_t above = std::string_view(m_bytes.data(), segmentBegin - 1).rfind('/');
    m_size = above + 1;
  }
  return true;
}

std::string_view CHttpPath::Relative() const {
  std::string_view path = Full();
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

bool CHttpPath::IsHidden() const {
  std::string_view path = Full();
  if (path.starts_with(kWellKnown)) path.remove_prefix(kWellKnown.size() - 1);
  return path.find("/.") != std::string_view::npos;
}

void CHttpPath::AppendEncoded(std::string& out, std::string_view path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : path) {
    if (IsUriUnreserved(c) || c == '/') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
}

}  // namespace switchboard
