#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string_view>

#include "net/network/CApplication.h"
#include "net/network/CServerCalls.h"
#include "net/packet/CPacketWriter.h"
#include "net/role/CTurn.h"
#include "net/site/CHttpSite.h"
#include "net/wire/Counters.h"

namespace switchboard {

// An application whose handlers a test gives as functions; without any it answers each packet with itself. A handler
// that defers does so once in its turn.
// Threads: set up before the start; then as CServerCalls and CPacketHandlers.
class CStubApplication : public CServerCalls, public CApplication, public CPacketHandlers, public CHttpHandlers {
 public:
  std::function<void(CTurn&)> onOpening = [](CTurn&) {};
  std::function<void(CTurn&, const SFrame&)> onFrame = Echo;
  std::function<void(CTurn&)> onEnd = [](CTurn&) {};
  std::set<uint16_t> inlineCodes;
  // Over HTTP; without any it answers 404 at once, as RefusalOf says of nothing.
  std::function<std::optional<uint32_t>(CHttpSite&, const SHttpTask&, const CHttpPath&)> onTake =
      [](CHttpSite& site, const SHttpTask& task, const CHttpPath&) {
        site.AnswerStatus(task, 404);
        return std::optional<uint32_t>();
      };
  std::function<uint16_t(const SHttpRequest&)> onRefusal = [](const SHttpRequest&) { return uint16_t{0}; };
  std::function<void(uint32_t handler, SRouteTask&)> onRun = [](uint32_t, SRouteTask&) {};

  // The ways to end a packet.
  static void Echo(CTurn& turn, const SFrame& frame) {
    const bool isTaken = CPacketWriter::Put(turn, frame.msgCode, frame.body);
    turn.Tally().Add(isTaken ? ECounter::kPacketsReplied : ECounter::kPacketsDiscarded);
  }
  static void Swallow(CTurn& turn, const SFrame&) { turn.Tally().Add(ECounter::kPacketsOneWay); }

  void Bind(const SServerLinks& links) override { BindTo(links); }
  CPacketHandlers& PacketsOf(uint16_t) override { return *this; }
  CHttpHandlers& RequestsOf(uint16_t) override { return *this; }
  void Start() override {}
  void Stop() override {}

 private:
  void OnOpening(CTurn& turn) override { onOpening(turn); }
  void Run(CTurn& turn, CFrameBatch& batch) override {
    while (!batch.IsOver() && !turn.HasToStop()) RunOne(turn, batch);
  }
  void RunInline(CTurn& turn, CFrameBatch& batch) override {
    while (!batch.IsOver() && !turn.HasToStop() && RunsInline(batch.Front().msgCode)) RunOne(turn, batch);
  }
  void RunOne(CTurn& turn, CFrameBatch& batch) {
    const SFrame frame = batch.Front();
    batch.Pop(frame);
    if (turn.Connection().IsAnswering()) {
      onFrame(turn, frame);
    } else {
      turn.Tally().Add(ECounter::kPacketsDiscarded);
    }
    if (!turn.IsHeld()) turn.Tally().Add(ECounter::kPacketsLeft);
  }
  void RefuseAll(CTurn&, CFrameBatch& batch) override {
    while (!batch.IsOver()) batch.Pop(batch.Front());
  }
  void OnEnd(CTurn& turn) override { onEnd(turn); }
  bool RunsInline(uint16_t msgCode) const override { return inlineCodes.contains(msgCode); }

  std::optional<uint32_t> Take(CHttpSite& site, const SHttpTask& task, const CHttpPath& path, MonotonicTime) override {
    return onTake(site, task, path);
  }
  uint16_t RefusalOf(const SHttpRequest& request, const CHttpPath&) const override { return onRefusal(request); }
  uint8_t PoolOf(uint32_t) const override { return 0; }
  void Run(uint32_t handler, SRouteTask& task) override {
    onRun(handler, task);
    task.turn.Tally().Add(ECounter::kPacketsLeft);
  }
};

}  // namespace switchboard
