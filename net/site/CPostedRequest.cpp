#include "net/site/CPostedRequest.h"

#include <array>
#include <cstring>

namespace switchboard {

namespace {

// A part of the head: at most SHttpLimits::kMaxHeadBytes.
struct SSlice {
  uint32_t at = 0;
  uint32_t bytes = 0;
};

struct SField {
  SSlice name;
  SSlice value;
};

// In front; then the fields, the head, the body, the target, the path and the query.
struct SFixed {
  CPostedRequest::SMeta meta;
  EHttpMethod method;
  uint8_t minorVersion;
  bool isKeepAlive;
  bool isChunked;
  uint64_t contentLength;
  SSlice methodName;
  uint32_t fieldCount;
  uint32_t headBytes;
  uint32_t bodyBytes;
  uint32_t targetBytes;
  uint32_t pathBytes;
  uint32_t queryBytes;
};

uint32_t SizeOf(std::string_view text) { return static_cast<uint32_t>(text.size()); }
SSlice SliceOf(std::string_view head, std::string_view part) {
  if (part.empty()) return {};
  return {static_cast<uint32_t>(part.data() - head.data()), SizeOf(part)};
}
std::string_view At(std::string_view head, const SSlice& slice) { return head.substr(slice.at, slice.bytes); }

}  // namespace

BlockPtr CPostedRequest::Pack(CBufferPool& buffers, const SHttpRequest& request, const CHttpPath& path,
                              const SMeta& meta) {
  const SFixed fixed{.meta = meta,
                     .method = request.method,
                     .minorVersion = request.minorVersion,
                     .isKeepAlive = request.isKeepAlive,
                     .isChunked = request.isChunked,
                     .contentLength = request.contentLength,
                     .methodName = SliceOf(request.head, request.methodName),
                     .fieldCount = request.fieldCount,
                     .headBytes = SizeOf(request.head),
                     .bodyBytes = SizeOf(request.body),
                     .targetBytes = SizeOf(request.target),
                     .pathBytes = SizeOf(path.Full()),
                     .queryBytes = SizeOf(path.Query())};
  const std::array texts{request.head, request.body, request.target, path.Full(), path.Query()};
  size_t bytes = sizeof(fixed) + request.fieldCount * sizeof(SField);
  for (const std::string_view text : texts) bytes += text.size();
  BlockPtr p_block = buffers.Get(bytes);
  p_block->Append(std::as_bytes(std::span(&fixed, 1)));
  for (const SHttpField& field : request.Fields()) {
    const SField slices{SliceOf(request.head, field.name), SliceOf(request.head, field.value)};
    p_block->Append(std::as_bytes(std::span(&slices, 1)));
  }
  for (const std::string_view text : texts) p_block->Append(std::as_bytes(std::span(text)));
  return p_block;
}

CPostedRequest::SMeta CPostedRequest::MetaOf(std::span<const std::byte> posted) {
  SFixed fixed;
  std::memcpy(static_cast<void*>(&fixed), posted.data(), sizeof(fixed));
  return fixed.meta;
}

void CPostedRequest::Unpack(std::span<const std::byte> posted, SHttpRequest& request, std::string_view& path,
                            std::string_view& query) {
  SFixed fixed;
  std::memcpy(static_cast<void*>(&fixed), posted.data(), sizeof(fixed));
  posted = posted.subspan(sizeof(fixed));
  const std::span<const std::byte> fields = posted.first(fixed.fieldCount * sizeof(SField));
  std::string_view texts(reinterpret_cast<const char*>(posted.data()) + fields.size(), posted.size() - fields.size());
  const auto next = [&](uint32_t bytes) {
    const std::string_view text = texts.substr(0, bytes);
    texts.remove_prefix(bytes);
    return text;
  };
  request.method = fixed.method;
  request.minorVersion = fixed.minorVersion;
  request.isKeepAlive = fixed.isKeepAlive;
  request.isChunked = fixed.isChunked;
  request.expectsContinue = false;
  request.contentLength = fixed.contentLength;
  request.head = next(fixed.headBytes);
  request.body = next(fixed.bodyBytes);
  request.target = next(fixed.targetBytes);
  path = next(fixed.pathBytes);
  query = next(fixed.queryBytes);
  request.methodName = At(request.head, fixed.methodName);
  request.fieldCount = fixed.fieldCount;
  for (uint32_t i = 0; i < fixed.fieldCount; ++i) {
    SField slices;
    std::memcpy(&slices, fields.data() + i * sizeof(slices), sizeof(slices));
    request.fields[i] = {At(request.head, slices.name), At(request.head, slices.value)};
  }
}

}  // namespace switchboard
