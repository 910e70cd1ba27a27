#include "client-sim/options/COptions.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <random>
#include <stdexcept>
#include <utility>

#include "client-sim/attack/AttackKind.h"
#include "client-sim/base/Numbers.h"
#include "client-sim/message/CMessageFactory.h"
#include "client-sim/options/CommandLine.h"
#include "net/wire/Wire.h"

namespace switchboard::sim {
namespace {

constexpr std::chrono::years kNoEnd{1};
constexpr std::chrono::seconds kTrial{3};  // of --find-max

CLI::Option* AddTime(CLI::App& app, const char* name, Nanoseconds& target, const char* meaning) {
  CLI::Option* p_option = AddRead(app, name, target, Duration, meaning, "TIME");
  return target == Nanoseconds::zero() ? p_option : p_option->default_str(fmt::format("{:g}s", SecondsOf(target)));
}

template <typename Number>
CLI::Option* AddNumber(CLI::App& app, const char* name, Number& target, Number lowest, Number highest,
                       const char* meaning) {
  return app.add_option(name, target, meaning)
      ->check(CLI::Range(lowest, highest))
      ->type_name("N")
      ->capture_default_str();
}

std::vector<double> Rates(const std::string& text) {
  std::vector<double> rates;
  for (const std::string& entry : SplitAtCommas(text)) rates.push_back(Rate(entry));
  return rates;
}

std::vector<std::string> Attacks(const std::string& text) {
  std::vector<std::string> kinds = SplitAtCommas(text);
  for (const std::string& kind : kinds) SAttackKind::Named(kind);
  return kinds;
}

void DeclareLoad(CLI::App& app, SRunOptions& options) {
  app.add_option("--connect", options.server, "The server")->required()->type_name("HOST:PORT");
  AddNumber<uint32_t>(app, "--connections", options.connections, 0, 1'000'000, "Connections");
  AddNumber<uint32_t>(app, "--depth", options.depth, 1, 1'000'000, "Most requests in flight on each connection");
  CLI::Option* p_mix = AddRead(app, "--mix", options.mix, COptions::Mix,
                               "Messages and weights: ping, echo, login, register, get", "NAME=WEIGHT,…");
  p_mix->default_str("ping=1,echo=8");
  AddNumber<size_t>(app, "--body", options.bodyBytes, 0, kMaxBodyBytes, "Bytes in the body of an echo");
  app.add_option("--file", options.getFile, "The server's file that get reads, 60 KiB at a time")->type_name("PATH");
  app.add_option("--scenario", options.scenario, "Classes of connections and their messages, instead of --mix")
      ->check(CLI::ExistingFile)
      ->type_name("FILE")
      ->excludes(p_mix);
  AddNumber<uint32_t>(app, "--threads", options.threads, 1, 256, "Threads that send and receive");
  app.add_flag("--pin", options.isPinned, "Keep each of them on a processor of its own");
  AddRead(app, "--source", options.sources, SplitAtCommas, "Addresses to connect from, in turn", "ADDRESS,…");
}

void DeclareSchedule(CLI::App& app, SRunOptions& options) {
  CLI::Option* p_rate = AddRead(app, "--rate", options.rate, Rate, "Open loop: requests per second", "RATE");
  app.add_flag("--poisson", options.isPoisson, "Random arrivals instead of even ones");
  AddTime(app, "--ramp", options.ramp, "Grow to the full rate, or the full number of connections, over this time");
  CLI::Option* p_steps = AddRead(app, "--steps", options.steps, Rates, "Open loop: one rate after the other", "RATE,…");
  p_steps->excludes(p_rate);
  CLI::Option* p_slo = AddRead(app, "--slo", options.objectives, CObjective::List,
                               "Objectives; a run that misses one ends with exit code 4", "pN=TIME,…");
  app.add_flag("--find-max", options.isFindMax, "Search the highest rate that keeps the objectives")
      ->needs(p_slo)
      ->excludes(p_steps);
  AddTime(app, "--warmup", options.warmup, "Send for this long before anything is measured");
  AddTime(app, "--duration", options.duration, "How long to send, for each rate");
  AddNumber<uint64_t>(app, "--requests", options.requests, 1, 1'000'000'000'000, "Send only so many");
}

void DeclareRest(CLI::App& app, SRunOptions& options) {
  app.add_flag("--reconnect", options.isReconnecting, "Open lost connections again");
  app.add_flag("--expect-reset", options.isResetExpected, "The server may close and reset connections");
  app.add_flag("--allow-rejects", options.isRejectAllowed, "Requests may be rejected");
  AddRead(app, "--attack", options.attacks, Attacks, "Attackers besides the load: see below", "KIND,…");
  AddNumber<uint32_t>(app, "--attackers", options.attackers, 1, 10'000, "How many of each kind");
  app.add_flag("--i-own-this-target", options.isTargetMine, "Attack a server that isn't on this machine");
  AddTime(app, "--drain", options.drain, "How long to wait for the last replies");
  AddTime(app, "--connect-timeout", options.connect, "How long all connects may take");
  app.add_option("--seed", options.seed, "Seed of bodies and mix (a new one each run by default)")->type_name("N");
  app.add_flag("--quiet", options.isQuiet, "No line each second");
}

}  // namespace

void COptions::Declare(CLI::App& app, SRunOptions& options) {
  options.seed = std::random_device{}();
  options.mix = Mix("ping=1,echo=8");
  DeclareLoad(app, options);
  DeclareSchedule(app, options);
  DeclareRest(app, options);
}

void COptions::Complete(const CLI::App& app, SRunOptions& options) {
  const auto isGiven = [&app](const char* name) { return app.count(name) != 0; };
  const bool isOpenLoop = options.rate > 0 || !options.steps.empty() || options.isFindMax;
  if (isOpenLoop && !isGiven("--depth")) options.depth = 0;
  if (options.isPoisson && !isOpenLoop) throw std::invalid_argument("--poisson needs a rate");
  if (options.connections == 0 && options.attacks.empty()) throw std::invalid_argument("no connections to open");
  if (options.connections == 0 && isOpenLoop) throw std::invalid_argument("a rate needs connections");
  if (!options.attacks.empty() && (options.isFindMax || !options.steps.empty())) {
    throw std::invalid_argument("--attack goes with a single rate, or with none");
  }
  if (options.requests != 0 && !isGiven("--duration")) options.duration = kNoEnd;
  if (options.isFindMax && !isGiven("--duration")) options.duration = kTrial;
  options.threads = std::min(options.threads, std::max(options.connections, 1U));
}

std::vector<SMixEntry> COptions::Mix(const std::string& text) {
  std::vector<SMixEntry> mix;
  uint64_t sum = 0;
  for (const std::string& entry : SplitAtCommas(text)) {
    const size_t equals = std::min(entry.find('='), entry.size());
    const std::string name = entry.substr(0, equals);
    if (!CMessageFactory::Knows(name)) {
      throw std::invalid_argument(fmt::format("'{}' is none of {}", name, CMessageFactory::Names()));
    }
    uint32_t weight = equals == entry.size() ? 1 : 0;
    if (equals != entry.size()) {
      const char* p_end = entry.data() + entry.size();
      const auto [p_rest, error] = std::from_chars(entry.data() + equals + 1, p_end, weight);
      if (error != std::errc{} || p_rest != p_end || weight > 1'000'000) {
        throw std::invalid_argument(fmt::format("'{}' has no weight from 0 to 1000000", entry));
      }
    }
    sum += weight;
    if (weight != 0) mix.push_back({name, weight});
  }
  if (sum == 0) throw std::invalid_argument("every weight is 0");
  return mix;
}

}  // namespace switchboard::sim
