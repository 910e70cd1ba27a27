#pragma once

#include <functional>
#include <set>

#include "net/network/CSocket.h"
#include "net/role/CTurn.h"
#include "net/wire/Counters.h"

namespace switchboard {

// A socket whose handlers a test gives as functions; without any it answers each packet with itself.
// Threads: set up before the start; then as CSocket.
class CStubSocket : public CSocket {
 public:
  std::function<void(CTurn&)> onOpening = [](CTurn&) {};
  std::function<void(CTurn&, const SFrame&)> onFrame = Echo;
  std::function<void(CTurn&)> onEnd = [](CTurn&) {};
  std::set<uint16_t> inlineCodes;

  // The ways to end a packet.
  static void Echo(CTurn& turn, const SFrame& frame) {
    const bool isTaken = turn.Put(frame.msgCode, frame.body);
    turn.Tally().Add(isTaken ? ECounter::kPacketsReplied : ECounter::kPacketsDiscarded);
  }
  static void Swallow(CTurn& turn, const SFrame&) { turn.Tally().Add(ECounter::kPacketsOneWay); }

 private:
  void OnOpening(CTurn& turn) override { onOpening(turn); }
  bool OnInlineFrame(CTurn& turn, const SFrame& frame) override {
    if (!RunsInline(frame.msgCode)) return false;
    OnFrame(turn, frame);
    return true;
  }
  void OnFrame(CTurn& turn, const SFrame& frame) override {
    if (turn.Connection().IsAnswering()) {
      onFrame(turn, frame);
    } else {
      turn.Tally().Add(ECounter::kPacketsDiscarded);
    }
    turn.Tally().Add(ECounter::kPacketsLeft);
  }
  void OnRefusedFrame(CTurn& turn, const SFrame&) override {
    turn.Tally().Add(CounterOf(ERejectReason::kOverload));
    turn.Tally().Add(ECounter::kPacketsLeft);
  }
  void OnEnd(CTurn& turn) override { onEnd(turn); }
  bool RunsInline(uint16_t msgCode) const override { return inlineCodes.contains(msgCode); }
};

}  // namespace switchboard
