#include "logic/site/CFileAnswer.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string_view>
#include <system_error>

#include "net/http/CHttpConditions.h"
#include "net/http/CHttpEncoding.h"
#include "net/http/HttpText.h"

namespace switchboard {

namespace {

// The fields of a request that matter for a file.
struct SWishes {
  bool isConditional = false;
  bool takesGzip = false;
  std::optional<std::string_view> range;
};

SWishes WishesOf(const SHttpRequest& request) {
  SWishes wishes;
  for (const SHttpField& field : request.Fields()) {
    // Most fields are told apart by their first letter.
    switch (field.name.front() | 0x20) {
      case 'a':
        if (IsHttpName(field.name, "accept-encoding")) wishes.takesGzip = CHttpEncoding::AcceptsGzip(request);
        break;
      case 'i':
        wishes.isConditional = true;
        break;
      case 'r':
        if (IsHttpName(field.name, "range")) wishes.range = field.value;
        break;
      default:
        break;
    }
  }
  // RFC 9110 section 14.2.
  if (request.method != EHttpMethod::kGet) wishes.range.reset();
  return wishes;
}

std::string MakeBoundary() {
  std::array<uint64_t, 2> bits{};
  // So few bytes come whole, and at once: the system's generator was ready before any server runs.
  if (::getrandom(bits.data(), sizeof(bits), 0) != sizeof(bits)) {
    throw std::system_error(errno, std::generic_category(), "getrandom");
  }
  return fmt::format("{:016x}{:016x}", bits[0], bits[1]);
}

std::string ContentRange(const SByteRange& part, const SServedFile& file) {
  return fmt::format("Content-Range: bytes {}-{}/{}\r\n", part.begin, part.begin + part.bytes - 1, file.Size());
}

}  // namespace

CFileAnswer::CFileAnswer(const SHttpRequest& request, const SServedFile& file, int64_t now)
    : m_p_file(&file), m_status(StatusOf(request, now)) {
  if (Parts().size() > 1) m_boundary = MakeBoundary();
}

uint16_t CFileAnswer::StatusOf(const SHttpRequest& request, int64_t now) {
  const SWishes wishes = WishesOf(request);
  if (wishes.takesGzip && m_p_file->p_gzip != nullptr) m_p_file = m_p_file->p_gzip.get();
  const SValidators validators{m_p_file->etag, m_p_file->modified};
  if (wishes.isConditional) {
    switch (CHttpConditions::Judge(request, validators, now)) {
      case ECondition::kProceed:
        break;
      case ECondition::kNotModified:
        return 304;
      case ECondition::kFailed:
        return 412;
    }
  }
  if (!wishes.range) return 200;
  if (wishes.isConditional && !CHttpConditions::IsRangeValid(request, validators, now)) return 200;
  switch (m_range.Read(*wishes.range, m_p_file->Size())) {
    case ERange::kWhole:
      break;
    case ERange::kParts:
      return 206;
    case ERange::kUnsatisfiable:
      return 416;
  }
  return 200;
}

std::string CFileAnswer::Fields() const {
  const SServedFile& file = *m_p_file;
  switch (m_status) {
    case 304:
      return file.fields;
    case 416:
      return fmt::format("Content-Range: bytes */{}\r\n", file.Size());
    case 206:
      if (Parts().size() > 1) {
        return fmt::format("{}Content-Type: multipart/byteranges; boundary={}\r\n", file.fields, m_boundary);
      }
      return fmt::format("{}Content-Type: {}\r\n{}", file.fields, file.type, ContentRange(Parts().front(), file));
    default:
      return {};
  }
}

uint64_t CFileAnswer::BodyBytes() const {
  if (m_status == 200) return m_p_file->Size();
  uint64_t bytes = PartsEnd().size();
  for (const SByteRange& part : Parts()) bytes += PartHead(part).size() + part.bytes;
  return bytes;
}

std::string CFileAnswer::PartHead(const SByteRange& part) const {
  if (m_boundary.empty()) return {};
  return fmt::format("\r\n--{}\r\nContent-Type: {}\r\n{}\r\n", m_boundary, m_p_file->type,
                     ContentRange(part, *m_p_file));
}

std::string CFileAnswer::PartsEnd() const {
  return m_boundary.empty() ? "" : fmt::format("\r\n--{}--\r\n", m_boundary);
}

}  // namespace switchboard
