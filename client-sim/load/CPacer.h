#pragma once

#include <cstdint>

#include "client-sim/base/Time.h"

namespace switchboard::sim {

// The timetable of an open loop: when each request is meant to leave. It doesn't know when they did, so a sender that
// is late stays late. With Λ(t) the number of requests due until t, arrivals lie at Λ⁻¹ of 1, 2, 3, …, or for Poisson
// arrivals at Λ⁻¹ of a sum of exponential gaps of mean 1 (time-scale transformation; E. Çinlar, Introduction to
// Stochastic Processes, 1975, chapter 4.7).
// Threads: one.
class CPacer {
 public:
  struct SPlan {
    double rate = 1;     // requests per second of all pacers together
    Nanoseconds ramp{};  // the rate grows evenly from 0 in this time
    bool isPoisson = false;
    uint32_t index = 0;  // this pacer's share is the requests index, index + pacers, …
    uint32_t pacers = 1;
    uint64_t seed = 1;
  };

  explicit CPacer(const SPlan& plan);

  // When the next request is meant to leave, since the start.
  Nanoseconds Next() const { return m_next; }
  // Goes on to the one after.
  void Advance();
  // Requests per second that the plan asks for at that time.
  static double RateAt(const SPlan& plan, Nanoseconds sinceStart);

 private:
  // The time until which so many of this pacer's requests are due.
  Nanoseconds TimeOf(double requests) const;
  double ExponentialGap();

  const SPlan m_plan;
  const double m_rate;  // of this pacer, per ns
  uint64_t m_random;
  double m_due;  // Λ of the next request
  Nanoseconds m_next;
};

}  // namespace switchboard::sim
