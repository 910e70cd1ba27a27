// Fuzzes the reader of scenarios. An input is a scenario file.
//
// Checked: whatever is refused is refused with the file's name in front; whatever is taken can be run: every connection
// has a class whose messages exist, and each request is a whole packet within the limits with the CRC of its body.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client-sim/scenario/CScenarioFile.h"
#include "net/wire/Wire.h"

namespace {

using namespace switchboard::sim;
using switchboard::kHeaderBytes;
using switchboard::kMaxPacketBytes;
using switchboard::SFrame;

// A file that the scenario names is looked for here, where none is.
constexpr std::string_view kPath = "/nonexistent/fuzz.toml";

void Check(bool isTrue, const char* p_what) {
  if (isTrue) return;
  std::fprintf(stderr, "broken: %s\n", p_what);
  std::abort();
}

void CheckRequests(const SConnectionClass& kind) {
  const auto p_frame = std::make_unique<std::byte[]>(kMaxPacketBytes);
  for (size_t i = 0; i < kind.workload.Size(); ++i) {
    const CMessage& message = kind.workload.At(i);
    const size_t bytes = message.WriteFrame({7, i}, p_frame.get());
    Check(bytes >= kHeaderBytes && bytes <= kMaxPacketBytes, "a request is a packet");
    Check(SFrame::BytesAt(p_frame.get()) == bytes, "a request is whole");
    const SFrame frame = SFrame::At(p_frame.get());
    Check(IsIntact(frame), "a request has the CRC of its body");
    message.Judge({7, i}, {}, frame);
  }
}

void CheckClass(const SConnectionClass& kind) {
  Check(kind.workload.Size() != 0, "a class has messages");
  Check(kind.depth != 0 && kind.weight != 0 && kind.thinkLowNs <= kind.thinkHighNs, "a class makes sense");
  for (const uint8_t message : kind.session) Check(message < kind.workload.Size(), "the session's messages exist");
  for (const uint8_t message : kind.loop) Check(message < kind.workload.Size(), "the loop's messages exist");
  if (kind.loop.empty()) Check(kind.workload.Pick(UINT32_MAX) < kind.workload.Size(), "the mix's messages exist");
  CheckRequests(kind);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* p_data, size_t size) {
  static const CBodyPattern pattern(1);
  CMessageFactory factory(pattern, 56, "fuzz", [] { return std::vector<SLoginBody>(2); });
  const std::string text(reinterpret_cast<const char*>(p_data), size);
  try {
    const CScenario scenario = CScenarioFile::Parse(text, std::string(kPath), 3, factory);
    for (const SConnectionClass& kind : scenario.Classes()) CheckClass(kind);
    for (uint32_t connection = 0; connection < 100; ++connection) scenario.ClassOf(connection);
  } catch (const CScenarioError& error) {
    Check(std::string_view(error.what()).starts_with(kPath), "a complaint names the file");
  }
  return 0;
}
