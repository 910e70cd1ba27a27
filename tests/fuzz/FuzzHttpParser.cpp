// Fuzzes CHttpParser with all that is below it. An input is 1 byte that chooses limits, 1 byte that seeds the splits,
// then the stream of a connection.
//
// Checked: a stream fed in pieces gives the requests and the verdict that it gives when fed whole; a request keeps the
// promises of SHttpRequest and the limits; written out again in the plainest form, it reads the same; the parser holds
// at most twice what has arrived; and, by AddressSanitizer, nothing is read out of bounds (every piece lies in a heap
// block of exactly its size, which is gone before the next one comes; and between two calls `request` is another
// connection's, whose bytes are gone by now).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "net/http/CHttpParser.h"
#include "net/http/HttpText.h"
#include "tests/fuzz/Check.h"

namespace {

using switchboard::CHttpParser;
using switchboard::EHttpStep;
using switchboard::IsHttpName;
using switchboard::SHttpField;
using switchboard::SHttpLimits;
using switchboard::SHttpRequest;

constexpr SHttpLimits kLimits[] = {{}, {100, 200, 20}, {20, 1000, 0}, {8192, 1 << 20, 1 << 20}};

// All that a request says, in one text.
std::string Describe(const SHttpRequest& request) {
  std::string text(request.methodName);
  text.append(" ").append(request.target) += static_cast<char>('0' + request.minorVersion);
  text += request.isKeepAlive ? 'k' : 'c';
  text += request.expectsContinue ? 'e' : '-';
  for (const SHttpField& field : request.Fields()) text.append("\n").append(field.name).append(":").append(field.value);
  return text.append("\n\n").append(request.body) + '\0';
}

bool IsPrintable(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

void CheckPromises(const SHttpRequest& request, const SHttpLimits& limits) {
  const std::string_view target = request.target;
  Check(target.starts_with('/') || target.starts_with('?') || target == "*", "a target is a path");
  Check(IsPrintable(target) && target.find_first_of(" \t#") == std::string_view::npos, "a target has no blanks");
  Check(request.minorVersion <= 1 && request.fieldCount <= SHttpRequest::kMaxFields, "version and fields");
  Check(request.head.size() <= std::min(limits.headBytes, SHttpLimits::kMaxHeadBytes), "the head's limit");
  Check(request.body.size() <= limits.bodyBytes, "the body's limit");
  Check(request.isChunked || request.body.size() == request.contentLength, "the body has its length");
  int hosts = 0;
  for (const SHttpField& field : request.Fields()) {
    Check(!field.name.empty() && field.name.find_first_of(" \t:\r\n") == std::string_view::npos, "a name is a token");
    Check(IsPrintable(field.value) && field.value == switchboard::TrimBlanks(field.value), "a value is clean");
    hosts += IsHttpName(field.name, "host") ? 1 : 0;
  }
  Check(hosts == 1 || (hosts == 0 && request.minorVersion == 0), "one host");
}

// The request as nobody could misread it.
void CheckRoundTrip(const SHttpRequest& request) {
  std::string plain(request.methodName);
  plain += ' ';
  // Only behind an authority may the path be missing.
  if (request.target.starts_with('?')) plain.append("http://").append(request.Find("host").value_or("h"));
  plain.append(request.target).append(" HTTP/1.") += static_cast<char>('0' + request.minorVersion);
  plain += "\r\n";
  for (const SHttpField& field : request.Fields()) {
    plain.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  plain += "\r\n";
  if (request.isChunked && !request.body.empty()) {
    char size[32];
    std::snprintf(size, sizeof(size), "%zx\r\n", request.body.size());
    plain.append(size).append(request.body).append("\r\n");
  }
  plain.append(request.isChunked ? "0\r\n\r\n" : request.body);
  const SHttpLimits most{1 << 20, 1 << 20, 1 << 20};
  if (plain.size() > SHttpLimits::kMaxHeadBytes) return;
  static SHttpRequest again;
  CHttpParser parser;
  std::string_view input(plain);
  CHttpParser::SStep step = parser.Next(input, most, again);
  input.remove_prefix(step.eaten);
  if (step.what == EHttpStep::kHead) {
    step = parser.Next(input, most, again);
    input.remove_prefix(step.eaten);
  }
  Check(step.what == EHttpStep::kRequest && input.empty(), "the plain form is read, and all of it");
  Check(Describe(again) == Describe(request), "the plain form reads the same");
}

// What other connections leave in a request that all share: views of what is gone.
void Clobber(SHttpRequest& request) {
  const std::vector<char> gone(16);
  const std::string_view view(gone.data(), gone.size());
  request.methodName = request.target = request.head = request.body = view;
  request.fields[0] = {view, view};
  request.fieldCount = 1;
}

struct SOutcome {
  std::string requests;
  int status = 0;
  bool hasPartial = false;
  bool operator==(const SOutcome&) const = default;
};

// The stream in pieces of the sizes that `nextSize` gives.
template <class NextSize>
SOutcome Run(std::string_view stream, const SHttpLimits& limits, NextSize nextSize) {
  static SHttpRequest request;
  SOutcome outcome;
  CHttpParser parser;
  while (!stream.empty()) {
    const size_t size = std::min(stream.size(), nextSize());
    const std::vector<char> piece(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(size));
    stream.remove_prefix(size);
    std::string_view input(piece.data(), piece.size());
    while (true) {
      Clobber(request);
      const CHttpParser::SStep step = parser.Next(input, limits, request);
      Check(step.eaten <= input.size(), "it eats what is there");
      input.remove_prefix(step.eaten);
      if (step.what == EHttpStep::kNeedsMore) break;
      if (step.what == EHttpStep::kBad) {
        Check(step.verdict.status >= 400 && step.verdict.status < 600, "a refusal has a status");
        outcome.status = step.verdict.status;
        Describe(request);  // as the access log does
        return outcome;
      }
      if (step.what == EHttpStep::kHead) {
        Check(request.HasBody(), "a head is shown for its body");
        continue;
      }
      CheckPromises(request, limits);
      CheckRoundTrip(request);
      outcome.requests += Describe(request);
    }
    Check(input.empty(), "all is eaten");
    Check(parser.PartialCapacity() <= 2 * parser.PartialBytes(), "memory follows arrival");
    Check(parser.HasPartial() || parser.PartialCapacity() == 0, "an idle connection holds nothing");
  }
  outcome.hasPartial = parser.HasPartial();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* p_data, size_t size) {
  if (size < 2) return 0;
  const SHttpLimits& limits = kLimits[p_data[0] % std::size(kLimits)];
  std::minstd_rand random(p_data[1] + 1u);
  const std::string_view stream(reinterpret_cast<const char*>(p_data) + 2, size - 2);
  const auto randomSize = [&random]() -> size_t { return random() % 4 == 0 ? 1 + random() % 4096 : 1 + random() % 11; };
  const SOutcome whole = Run(stream, limits, [&stream] { return stream.size(); });
  const SOutcome split = Run(stream, limits, randomSize);
  Check(whole == split, "the split changes neither the requests nor the verdict");
  return 0;
}
