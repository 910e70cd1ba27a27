// The CRC of a body: libdeflate, which the server uses, against Boost.CRC, which the tests trust.

#include <benchmark/benchmark.h>

#include <boost/crc.hpp>
#include <cstddef>
#include <vector>

#include "misc/CCrc32.h"

namespace {

std::vector<std::byte> Body(const benchmark::State& state) {
  return std::vector<std::byte>(static_cast<size_t>(state.range(0)), std::byte{0x5a});
}

void CrcLibdeflate(benchmark::State& state) {
  const std::vector<std::byte> body = Body(state);
  for (auto _ : state) benchmark::DoNotOptimize(switchboard::CCrc32::Of(body));
  state.SetBytesProcessed(static_cast<int64_t>(body.size()) * state.iterations());
}

void CrcBoost(benchmark::State& state) {
  const std::vector<std::byte> body = Body(state);
  for (auto _ : state) {
    boost::crc_32_type crc;
    crc.process_bytes(body.data(), body.size());
    benchmark::DoNotOptimize(crc.checksum());
  }
  state.SetBytesProcessed(static_cast<int64_t>(body.size()) * state.iterations());
}

BENCHMARK(CrcLibdeflate)->Arg(0)->Arg(56)->Arg(1024)->Arg(65527);
BENCHMARK(CrcBoost)->Arg(0)->Arg(56)->Arg(1024)->Arg(65527);

}  // namespace
