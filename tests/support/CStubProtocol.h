#pragma once

#include "net/role/CProtocol.h"

namespace switchboard {

// A protocol of connections that nobody reads: a test sets how long they may be silent. Threads: the test's.
class CStubProtocol : public CProtocol {
 public:
  SIdleRule idleRule;

  bool HasOpening() const override { return true; }
  SReading Receive(CConnection&, std::span<const std::byte>, MonotonicTime) override { return {}; }
  SReading Resume(CConnection&, MonotonicTime) override { return {}; }
  void OnOverdue(CConnection&) override {}
  void BeginDrain() override {}
  bool IsOverAtFarewell(CConnection&, const SFarewell&) override { return true; }
  bool HasEnd(const CConnection&) const override { return true; }
  void OnOpening(CTurn&) override {}
  void Run(CTurn&, BlockPtr&, uint32_t&) override {}
  void OnEnd(CTurn&) override {}
  bool HoldsBehindDeferred() const override { return true; }
  size_t PushBytes(size_t) const override { return 0; }
  void WritePush(std::byte*, uint16_t, std::span<const std::byte>) const override {}
  const SIdleRule& IdleRule() const override { return idleRule; }
};

}  // namespace switchboard
