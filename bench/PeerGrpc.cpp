// peer-grpc --port N: a unary echo on gRPC's asynchronous server, with one completion queue and one thread on it, which
// is what gRPC's own guide to performance asks for on one core. The synchronous server, and that with callbacks, hand
// each call to another thread.

#include <echo.grpc.pb.h>
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

#include "bench/Loopback.h"

namespace switchboard::bench {
namespace {

// So many calls may arrive between two looks at the queue without waiting in the library.
constexpr int kReadyCalls = 256;

// One call, from its arrival to the end of its answer; it is its own tag in the completion queue, and owns itself.
// Threads: one.
class CCall {
 public:
  static void AwaitOne(Echo::AsyncService& service, grpc::ServerCompletionQueue& queue) {
    new CCall(service, queue);  // deleted by OnEvent
  }

  void OnEvent(bool isGood) {
    if (m_isAnswered || !isGood) {
      delete this;
      return;
    }
    AwaitOne(m_service, m_queue);
    m_isAnswered = true;
    m_writer.Finish(m_packet, grpc::Status::OK, this);
  }

 private:
  CCall(Echo::AsyncService& service, grpc::ServerCompletionQueue& queue) : m_service(service), m_queue(queue) {
    service.RequestCall(&m_context, &m_packet, &m_writer, &queue, &queue, this);
  }

  Echo::AsyncService& m_service;
  grpc::ServerCompletionQueue& m_queue;
  grpc::ServerContext m_context;
  Packet m_packet;
  grpc::ServerAsyncResponseWriter<Packet> m_writer{&m_context};
  bool m_isAnswered = false;
};

void Run(uint16_t port) {
  Echo::AsyncService service;
  int boundPort = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(), &boundPort);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::ServerCompletionQueue> p_queue = builder.AddCompletionQueue();
  const std::unique_ptr<grpc::Server> p_server = builder.BuildAndStart();
  if (p_server == nullptr || boundPort == 0) throw std::runtime_error("the port can't be listened on");
  for (int i = 0; i < kReadyCalls; ++i) CCall::AwaitOne(service, *p_queue);
  TellPort(static_cast<uint16_t>(boundPort));
  void* p_tag = nullptr;
  bool isGood = false;
  while (p_queue->Next(&p_tag, &isGood)) static_cast<CCall*>(p_tag)->OnEvent(isGood);
}

}  // namespace
}  // namespace switchboard::bench

int main(int argc, char** argv) try {
  switchboard::bench::Run(switchboard::bench::PortArgument(argc, argv));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "peer-grpc: %s\n", error.what());
  return 1;
}
