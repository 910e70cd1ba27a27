// Fuzzes CFrameDecoder. An input is 2 bytes of packet limit, 1 byte that seeds the splits, then the stream.
//
// Checked: a stream fed in pieces gives the frames, the verdict and the rest that it gives when fed whole; the decoder
// holds at most twice what has arrived of the started frame; and, by AddressSanitizer, nothing is read out of bounds
// (every piece lies in a heap block of exactly its size, which is gone before the next one comes).

#include <malloc.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <random>
#include <span>
#include <vector>

#include "net/wire/CFrameDecoder.h"

namespace {

// Bytes of the blocks that the decoder allocated and that still live; counted while a CMeter exists.
size_t g_heldBytes = 0;
bool g_isMetered = false;

// Counts allocations into g_heldBytes for the time of one call of the decoder.
class CMeter {
 public:
  CMeter() { g_isMetered = true; }
  ~CMeter() { g_isMetered = false; }
  CMeter(const CMeter&) = delete;
  CMeter& operator=(const CMeter&) = delete;
};

}  // namespace

void* operator new(size_t bytes) {
  void* p_block = std::malloc(bytes);
  if (p_block == nullptr) std::abort();
  if (g_isMetered) g_heldBytes += malloc_usable_size(p_block);
  return p_block;
}
void* operator new(size_t bytes, const std::nothrow_t&) noexcept { return operator new(bytes); }
void operator delete(void* p_block) noexcept {
  if (g_isMetered) g_heldBytes -= malloc_usable_size(p_block);
  std::free(p_block);
}
void operator delete(void* p_block, size_t) noexcept { operator delete(p_block); }

namespace {

using switchboard::CFrameDecoder;
using switchboard::SFrame;

// malloc rounds a block up.
constexpr size_t kSlackBytes = 64;

void Check(bool isTrue, const char* p_what) {
  if (isTrue) return;
  std::fprintf(stderr, "broken: %s\n", p_what);
  std::abort();
}

// What a decoder made of a stream.
struct SOutcome {
  std::vector<std::byte> frames;
  uint32_t count = 0;
  bool isBad = false;
  size_t partialBytes = 0;
};

// Appends whole frames, after a check that they are whole and within the limit.
void Append(std::span<const std::byte> frames, size_t limit, SOutcome& outcome) {
  outcome.frames.insert(outcome.frames.end(), frames.begin(), frames.end());
  while (!frames.empty()) {
    const SFrame frame = SFrame::At(frames.data());
    Check(frame.Bytes() == SFrame::BytesAt(frames.data()), "a frame has one length");
    Check(frame.Bytes() <= limit && frame.Bytes() <= frames.size(), "a frame is whole and within the limit");
    frames = frames.subspan(frame.Bytes());
    ++outcome.count;
  }
}

void Feed(CFrameDecoder& decoder, std::span<const std::byte> bytes, size_t limit, SOutcome& outcome) {
  const std::vector<std::byte> piece(bytes.begin(), bytes.end());
  {
    CFrameDecoder::SCut cut;
    {
      CMeter meter;
      cut = decoder.Feed(piece, limit);
    }
    const uint32_t before = outcome.count;
    Append(cut.head, limit, outcome);
    Append(cut.rest, limit, outcome);
    Check(outcome.count - before == cut.frames, "the cut counts its frames");
    Check(g_heldBytes <= 2 * (decoder.PartialBytes() + cut.head.size()) + 2 * kSlackBytes, "memory follows arrival");
    outcome.isBad = cut.isBad;
    CMeter meter;
    cut = {};
  }
  outcome.partialBytes = decoder.PartialBytes();
  Check(decoder.HasPartial() == (outcome.partialBytes != 0), "a partial frame has bytes");
  Check(outcome.isBad || g_heldBytes <= 2 * outcome.partialBytes + kSlackBytes, "memory follows arrival");
}

// The stream in pieces of the sizes that `nextSize` gives.
template <class NextSize>
SOutcome Run(std::span<const std::byte> stream, size_t limit, NextSize nextSize) {
  SOutcome outcome;
  CFrameDecoder decoder;
  while (!stream.empty() && !outcome.isBad) {
    const size_t size = std::min(stream.size(), nextSize());
    Feed(decoder, stream.first(size), limit, outcome);
    stream = stream.subspan(size);
  }
  CMeter meter;
  decoder.Clear();
  Check(!decoder.HasPartial() && g_heldBytes == 0, "a cleared decoder holds nothing");
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* p_data, size_t size) {
  if (size < 3) return 0;
  const size_t limit = std::max<size_t>(switchboard::kHeaderBytes, static_cast<size_t>(p_data[0] << 8 | p_data[1]));
  std::minstd_rand random(p_data[2] + 1u);
  const auto stream = std::as_bytes(std::span(p_data, size)).subspan(3);

  // Mostly small pieces: they cut headers; now and then a large one.
  const auto randomSize = [&random]() -> size_t { return random() % 4 == 0 ? 1 + random() % 4096 : 1 + random() % 11; };
  const SOutcome whole = Run(stream, limit, [&stream] { return stream.size(); });
  const SOutcome split = Run(stream, limit, randomSize);

  Check(whole.count == split.count && whole.frames == split.frames, "the split does not change the frames");
  Check(whole.isBad == split.isBad, "the split does not change the verdict");
  Check(whole.isBad || whole.partialBytes == split.partialBytes, "the split does not change the rest");
  return 0;
}
