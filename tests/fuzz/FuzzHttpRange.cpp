// Fuzzes CHttpRange. An input is 8 bytes of file size, then the value of a Range field.
//
// Checked: what is given lies inside the file, is bounded in number, in sum and in overlap, and a field that is one
// plain range gives just that.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "net/http/CHttpRange.h"
#include "tests/fuzz/Check.h"

namespace {

using switchboard::CHttpRange;
using switchboard::ERange;
using switchboard::SByteRange;

void CheckParts(const CHttpRange& range, uint64_t fileBytes) {
  uint64_t sum = 0;
  size_t overlaps = 0;
  const auto parts = range.Parts();
  for (size_t i = 0; i < parts.size(); ++i) {
    const SByteRange part = parts[i];
    Check(part.bytes > 0 && part.begin < fileBytes && part.bytes <= fileBytes - part.begin, "a part is in the file");
    sum += part.bytes;
    Check(sum >= part.bytes && sum <= fileBytes, "the parts are no more than the file");
    for (size_t j = 0; j < i; ++j) {
      if (part.begin < parts[j].begin + parts[j].bytes && parts[j].begin < part.begin + part.bytes) {
        ++overlaps;
        break;
      }
    }
  }
  Check(overlaps <= 2, "overlaps are few");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* p_data, size_t size) {
  uint64_t fileBytes = 0;
  if (size < sizeof(fileBytes)) return 0;
  std::memcpy(&fileBytes, p_data, sizeof(fileBytes));
  const std::string value(reinterpret_cast<const char*>(p_data) + sizeof(fileBytes), size - sizeof(fileBytes));
  CHttpRange range;
  const ERange kind = range.Read(value, fileBytes);
  Check((kind == ERange::kParts) == !range.Parts().empty(), "there are parts, or there are none");
  Check(range.Parts().size() <= CHttpRange::kMaxRanges, "the parts are few");
  CheckParts(range, fileBytes);

  uint64_t seed = 0;
  for (const char c : value) seed = seed * 31 + static_cast<unsigned char>(c);
  if (fileBytes == 0) return 0;
  const uint64_t begin = seed % fileBytes;
  const uint64_t bytes = 1 + (seed >> 7) % (fileBytes - begin);
  const std::string plain = "bytes=" + std::to_string(begin) + '-' + std::to_string(begin + bytes - 1);
  Check(range.Read(plain, fileBytes) == ERange::kParts, "a plain range counts");
  Check(range.Parts().size() == 1 && range.Parts()[0] == SByteRange{begin, bytes}, "a plain range gives itself");
  return 0;
}
