#include "net/config/SServerConfig.h"

#include <fmt/format.h>

#include <algorithm>

#include "misc/config/CConfigSchema.h"
#include "misc/config/SpecialKey.h"
#include "misc/thread/UsableCores.h"

namespace switchboard {

namespace {

constexpr uint32_t kMaxWorkers = 256;

uint32_t AutomaticWorkers() { return std::min(UsableCores(), kMaxWorkers); }

// Of { min = 1, max = 8, load = 0.7 }. What is left out is 1 (min), the usable cores (max), 0.7 (load).
ConfigComplaint ReadDynamicWorkers(const SConfigValue::Table& table, SDynamicWorkers& workers) {
  workers.max = AutomaticWorkers();
  for (const auto& [name, node] : table) {
    const auto* const p_number = node.As<int64_t>();
    if (name == "min" || name == "max") {
      if (p_number == nullptr) return fmt::format("{}: {}", name, node.IsNot("a whole number"));
      if (*p_number < 1 || *p_number > kMaxWorkers) return fmt::format("{}: {} is out of range", name, *p_number);
      (name == "min" ? workers.min : workers.max) = static_cast<uint32_t>(*p_number);
    } else if (name == "load") {
      const std::optional<double> value = node.AsReal();
      if (!value) return "load: " + node.IsNot("a number");
      if (!(*value > 0 && *value <= 1)) return fmt::format("load: {} is out of range", node.shown);
      workers.load = *value;
    } else {
      return fmt::format("{}: unknown key", name);
    }
  }
  if (workers.min > workers.max) return fmt::format("min: {} is over max, {}", workers.min, workers.max);
  return std::nullopt;
}

ConfigComplaint ReadWorkers(const SConfigValue& value, SServerConfig& server) {
  server.dynamic_workers.reset();
  if (const auto* const p_table = value.As<SConfigValue::Table>()) {
    SDynamicWorkers& dynamic = server.dynamic_workers.emplace();
    ConfigComplaint complaint = ReadDynamicWorkers(*p_table, dynamic);
    server.workers = dynamic.min;
    return complaint;
  }
  const auto* const p_word = value.As<std::string>();
  if (p_word != nullptr && *p_word == "auto") {
    server.workers = AutomaticWorkers();
    return std::nullopt;
  }
  const auto* const p_number = value.As<int64_t>();
  if (p_number == nullptr) return value.IsNot("a whole number");
  if (*p_number < 1 || *p_number > kMaxWorkers) return fmt::format("{} is out of range", *p_number);
  server.workers = static_cast<uint32_t>(*p_number);
  return std::nullopt;
}

std::string ShowWorkers(const SServerConfig& server) {
  if (!server.dynamic_workers) return fmt::format("{}", server.workers);
  const SDynamicWorkers& dynamic = *server.dynamic_workers;
  return fmt::format("{{ min = {}, max = {}, load = {} }}", dynamic.min, dynamic.max, dynamic.load);
}

bool IsFilled(const std::string& text) { return !text.empty(); }

}  // namespace

void SServerConfig::Describe(CConfigSchema& schema) {
  using S = SServerConfig;
  constexpr double kDay = 86400;
  schema.Section<S>("server", "the processes")
      .Flag("daemon", &S::daemon, "detach from the terminal; false: stay in the foreground")
      .Fixed()
      .Special("workers", fmt::format("1..{} processes, \"auto\", or {{ min = 1, max = 8, load = 0.7 }}", kMaxWorkers),
               "processes; \"auto\": one a core; a table: by load", &ReadWorkers, &ShowWorkers)
      .Text("user", &S::user, "a user name, or \"\"", "that the workers become when started as root; \"\": no change")
      .Fixed()
      .Text("pid_file", &S::pid_file, "a path", "locked against a second start", &IsFilled)
      .Fixed()
      .Text("working_directory", &S::working_directory, "a directory", "that the server changes to", &IsFilled)
      .Fixed()
      .Seconds("shutdown_timeout_s", &S::shutdown_timeout, 0, kDay,
               "that a graceful stop may take until the rest is cut off")
      .Seconds("watchdog_s", &S::watchdog, 0, kDay, "that a worker may hang until it is replaced; 0: no watchdog")
      .Seconds("start_timeout_s", &S::start_timeout, 0, kDay, "that a worker may take for its start; 0: any time")
      .Flag("quarantine", &S::quarantine, "refuse a msgCode that killed three workers within a minute")
      .OneOf("sandbox", &S::sandbox,
             {{"auto", ESandbox::kAuto}, {"off", ESandbox::kOff}, {"strict", ESandbox::kStrict}},
             "of the workers: as much as the kernel has, none, or all of it or no start");
}

}  // namespace switchboard
