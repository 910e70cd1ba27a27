#include "misc/count/SWorkerPage.h"

namespace switchboard {

void SHandOver::Reset() {
  for (std::atomic<uint64_t>* const p_number : {&taken, &missed, &slotsLent, &slotsCooling}) p_number->store(0);
  isOver.store(false);
  isRoomWanted.store(false);
}

std::string_view ToString(EWorkerState state) {
  constexpr std::array<std::string_view, 3> kNames{"starting", "serving", "leaving"};
  const auto index = static_cast<size_t>(state);
  return index < kNames.size() ? kNames[index] : "unknown";
}

std::string_view ToString(EUserCode code) {
  constexpr std::array<std::string_view, 6> kNames{
      "", "OnConnect", "OnDisconnect", "a timer or a posted function", "the handler of a route", "OnLost"};
  const auto index = static_cast<size_t>(code);
  return index < kNames.size() ? kNames[index] : "";
}

void SWorkerPage::Begin(int32_t worker, uint32_t workerSlot, uint32_t number, uint64_t ofGeneration,
                        MonotonicTime now) {
  slot.store(workerSlot, std::memory_order_relaxed);
  process.store(number, std::memory_order_relaxed);
  generation.store(ofGeneration, std::memory_order_relaxed);
  state.store(EWorkerState::kStarting, std::memory_order_relaxed);
  isClosed.store(false, std::memory_order_relaxed);
  startedAt.store(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count(),
                  std::memory_order_relaxed);
  pid.store(worker, std::memory_order_relaxed);
}

CounterTotals SWorkerPage::Sum() const {
  CounterTotals totals{};
  const auto add = [&totals](const CCounters& block) {
    for (size_t i = 0; i < kCounterCount; ++i) totals[i] += block.Get(static_cast<ECounter>(i));
  };
  for (const CCounters* p_block : {&io, &send, &recycle, &heart, &shared}) add(*p_block);
  for (const CCounters& block : work) add(block);
  return totals;
}

}  // namespace switchboard
