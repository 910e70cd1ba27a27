// CFrameDecoder on a stream of 64-byte packets, by the size of the reads that bring it.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "net/wire/CFrameDecoder.h"
#include "net/wire/CFrameEncoder.h"

namespace {

using switchboard::CFrameDecoder;
using switchboard::CFrameEncoder;
using switchboard::kHeaderBytes;
using switchboard::kMaxPacketBytes;

constexpr size_t kPacketBytes = 64;
constexpr size_t kPackets = 1024;

std::vector<std::byte> Stream() {
  const std::array<std::byte, kPacketBytes - kHeaderBytes> body{};
  std::vector<std::byte> stream(kPackets * kPacketBytes);
  for (size_t i = 0; i < kPackets; ++i) CFrameEncoder::WriteFrame(stream.data() + i * kPacketBytes, 7, body);
  return stream;
}

void DecoderFeed(benchmark::State& state) {
  const std::vector<std::byte> stream = Stream();
  const auto readBytes = static_cast<size_t>(state.range(0));
  CFrameDecoder decoder;
  uint64_t frames = 0;
  for (auto _ : state) {
    for (std::span<const std::byte> left(stream); !left.empty();) {
      const std::span<const std::byte> read = left.first(std::min(readBytes, left.size()));
      frames += decoder.Feed(read, kMaxPacketBytes).frames;
      left = left.subspan(read.size());
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(frames));
}

void EncoderWriteFrame(benchmark::State& state) {
  const std::vector<std::byte> body(static_cast<size_t>(state.range(0)));
  std::vector<std::byte> frame(kHeaderBytes + body.size());
  for (auto _ : state) {
    CFrameEncoder::WriteFrame(frame.data(), 7, body);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}

// One packet a read, 16 packets a read, half a packet a read, and cuts anywhere.
BENCHMARK(DecoderFeed)->ArgName("read")->Arg(64)->Arg(1024)->Arg(32)->Arg(1000);
BENCHMARK(EncoderWriteFrame)->ArgName("body")->Arg(0)->Arg(56)->Arg(1024);

}  // namespace
