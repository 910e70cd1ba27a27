#include "client-sim/report/CJsonReport.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string_view>

#include "client-sim/base/CFileMapping.h"

namespace switchboard::sim {
namespace {

using Json = nlohmann::ordered_json;

// Each Link names the fields of a struct once: for writing with a CWriter, for reading with a CReader.
class CWriter {
 public:
  template <typename Value>
  void operator()(const char* name, const Value& value) {
    m_json[name] = value;
  }
  Json Take() { return std::move(m_json); }

 private:
  Json m_json = Json::object();
};

class CReader {
 public:
  explicit CReader(const Json& json) : m_json(json) {}
  template <typename Value>
  void operator()(const char* name, Value& value) const {
    if (const auto found = m_json.find(name); found != m_json.end()) found->get_to(value);
  }

 private:
  const Json& m_json;
};

template <typename Links, typename Second>
void LinkSecond(Links& link, Second& second) {
  link("at_s", second.at);
  link("length_s", second.length);
  link("phase", second.phase);
  link("target_rate", second.targetRate);
  link("requests", second.sent);
  link("replies", second.replies);
  link("rejects", second.rejects);
  link("faults", second.faults);
  link("in_flight_at_reset", second.inFlightAtReset);
  link("connections", second.connections);
  if (!second.IsMeasured()) return;
  link("p50_ns", second.p50Ns);
  link("p90_ns", second.p90Ns);
  link("p99_ns", second.p99Ns);
  link("max_ns", second.maxNs);
}

template <typename Links, typename Phase>
void LinkPhase(Links& link, Phase& phase) {
  link("kind", phase.kind);
  link("name", phase.name);
  link("target_rate", phase.targetRate);
  link("start_s", phase.startSeconds);
  link("length_s", phase.seconds);
  link("requests", phase.sent);
  link("replies", phase.replies);
  link("replies_in_time", phase.repliesInTime);
  link("rejects", phase.rejects);
  link("faults", phase.faults);
  link("in_flight_at_reset", phase.inFlightAtReset);
  link("unsent", phase.unsent);
}

template <typename Links, typename Attack>
void LinkAttack(Links& link, Attack& attack) {
  link("kind", attack.kind);
  link("attackers", attack.attackers);
  link("connections", attack.connections);
  link("connect_failures", attack.connectFailures);
  link("bytes_sent", attack.bytesSent);
  link("bytes_received", attack.bytesReceived);
  link("closed_by_server", attack.closedByServer);
  link("reset_by_server", attack.resetByServer);
  link("ended_by_attacker", attack.endedByAttacker);
  link("still_open", attack.stillOpen);
}

template <typename Links, typename Report>
void LinkReport(Links& link, Report& report) {
  link("program", report.program);
  link("finished", report.finished);
  link("machine", report.machine);
  link("label", report.label);
  link("exit_code", report.exitCode);
  link("verdict", report.verdict);
  link("seconds", report.seconds);
  link("replies_in_time", report.repliesInTime);
  link("client_cpu_s", report.cpuSeconds);
  link("max_rate", report.maxRate);
  link("offenders", report.offenders);
}

template <typename Value>
Json ObjectOf(const std::vector<std::pair<std::string, Value>>& pairs) {
  Json object = Json::object();
  for (const auto& [name, value] : pairs) object[name] = value;
  return object;
}

template <typename Value>
void ReadPairs(const Json& json, const char* name, std::vector<std::pair<std::string, Value>>& pairs) {
  if (!json.contains(name)) return;
  for (const auto& [key, value] : json.at(name).items()) pairs.emplace_back(key, value.template get<Value>());
}

Json ToJson(const SLatencies& latencies) {
  Json json{{"count", latencies.count},
            {"mean_ns", latencies.meanNs},
            {"min_ns", latencies.minNs},
            {"max_ns", latencies.maxNs},
            {"percentiles", Json::array()}};
  for (const SPercentile& one : latencies.percentiles) {
    json["percentiles"].push_back({{"percent", one.percent}, {"ns", one.ns}});
  }
  if (!latencies.buckets.empty()) json["buckets"] = latencies.buckets;
  return json;
}

void FromJson(const Json& parent, const char* name, SLatencies& latencies) {
  if (!parent.contains(name)) return;
  const Json& json = parent.at(name);
  const CReader read(json);
  read("count", latencies.count);
  read("mean_ns", latencies.meanNs);
  read("min_ns", latencies.minNs);
  read("max_ns", latencies.maxNs);
  read("buckets", latencies.buckets);
  for (const Json& one : json.value("percentiles", Json::array())) {
    latencies.percentiles.push_back({one.at("percent").get<double>(), one.at("ns").get<uint64_t>()});
  }
}

Json ToJson(const SPhaseReport& phase) {
  CWriter write;
  LinkPhase(write, phase);
  if (phase.isObjectiveMet) write("objective_met", *phase.isObjectiveMet);
  if (!phase.missed.empty()) write("missed", phase.missed);
  write("latency", ToJson(phase.latencies));
  return write.Take();
}

SPhaseReport PhaseFrom(const Json& json) {
  SPhaseReport phase;
  const CReader read(json);
  LinkPhase(read, phase);
  if (json.contains("objective_met")) phase.isObjectiveMet = json.at("objective_met").get<bool>();
  read("missed", phase.missed);
  FromJson(json, "latency", phase.latencies);
  return phase;
}

Json ToJson(const SAttackOutcome& attack) {
  CWriter write;
  LinkAttack(write, attack);
  Json rejects = Json::object();
  for (const auto& [reason, count] : attack.rejectsByReason) rejects[RejectName(reason)] = count;
  write("rejects", rejects);
  return write.Take();
}

SAttackOutcome AttackFrom(const Json& json) {
  SAttackOutcome attack;
  const CReader read(json);
  LinkAttack(read, attack);
  const Json rejects = json.value("rejects", Json::object());
  for (const auto& [name, count] : rejects.items()) attack.rejectsByReason[ReasonOf(name)] = count.get<uint64_t>();
  return attack;
}

SRunReport ReportFrom(const Json& json) {
  SRunReport report;
  const CReader read(json);
  LinkReport(read, report);
  ReadPairs(json, "parameters", report.parameters);
  ReadPairs(json, "ledger", report.ledger);
  ReadPairs(json, "rejects", report.rejects);
  FromJson(json, "latency", report.latencies);
  FromJson(json, "reconnect", report.reconnects);
  for (const Json& one : json.value("phases", Json::array())) report.phases.push_back(PhaseFrom(one));
  for (const Json& one : json.value("series", Json::array())) {
    const CReader readSecond(one);
    LinkSecond(readSecond, report.series.emplace_back());
  }
  for (const Json& one : json.value("attacks", Json::array())) report.attacks.push_back(AttackFrom(one));
  return report;
}

}  // namespace

std::string CJsonReport::Text(const SRunReport& report) {
  CWriter write;
  write("format", kFormat);
  write("version", kVersion);
  LinkReport(write, report);
  write("parameters", ObjectOf(report.parameters));
  write("ledger", ObjectOf(report.ledger));
  write("rejects", ObjectOf(report.rejects));
  write("latency", ToJson(report.latencies));
  write("reconnect", ToJson(report.reconnects));
  Json phases = Json::array();
  for (const SPhaseReport& phase : report.phases) phases.push_back(ToJson(phase));
  write("phases", phases);
  Json series = Json::array();
  for (const SSecond& second : report.series) {
    CWriter writeSecond;
    LinkSecond(writeSecond, second);
    series.push_back(writeSecond.Take());
  }
  write("series", series);
  Json attacks = Json::array();
  for (const SAttackOutcome& attack : report.attacks) attacks.push_back(ToJson(attack));
  write("attacks", attacks);
  // A scenario's name or an address may hold any bytes: those that are no UTF-8 are replaced.
  return write.Take().dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

SRunReport CJsonReport::Read(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    if (!json.is_object() || json.value("format", "") != kFormat)
      throw std::runtime_error("this is no report of a run");
    const int version = json.value("version", 0);
    if (version != kVersion) {
      throw std::runtime_error(fmt::format("version {} of a report, and not {}", version, kVersion));
    }
    return ReportFrom(json);
  } catch (const Json::parse_error&) {
    throw std::runtime_error("this is no report of a run: it is no JSON, as --json FILE writes it");
  } catch (const Json::exception& error) {
    throw std::runtime_error(error.what());
  }
}

SRunReport CJsonReport::ReadFile(const std::string& path) {
  const CFileMapping file(path);
  const auto bytes = file.Bytes();
  try {
    SRunReport report = Read(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    if (report.label.empty()) report.label = std::filesystem::path(path).stem().string();
    return report;
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(fmt::format("{}: {}", path, error.what()));
  }
}

}  // namespace switchboard::sim
