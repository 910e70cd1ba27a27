// The message codes of the program `test-server`: handlers that do what handlers should not, or do it on request. Its
// HTTP routes are /route/echo (answers with query and body), /route/where (with the name of its thread),
// /route/await-gate and /route/open-gate (as kTestAwaitGate and kTestOpenGate, but on the business pool), and
// /route/wrong, which does what its query says and gives no answer: "silent", "invalid", "large", "drop" (a deferred
// one).
#pragma once

#include <boost/endian/arithmetic.hpp>
#include <cstdint>

namespace switchboard {

// Answered with the same body, on the business pool and on sb-io.
inline constexpr uint16_t kTestEcho = 1;
inline constexpr uint16_t kTestEchoInline = 2;
// Answered with an STestPlace, on the business pool and on sb-io.
inline constexpr uint16_t kTestWhere = 3;
inline constexpr uint16_t kTestWhereInline = 4;
// Answered with the session, in text.
inline constexpr uint16_t kTestSession = 5;
// Of a module, which counts how often it was asked (gauged): answered with an STestNumber, gauge.width.
inline constexpr uint16_t kTestGauge = 6;

inline constexpr uint16_t kTestThrow = 10;        // throws std::runtime_error
inline constexpr uint16_t kTestThrowInt = 11;     // throws 42
inline constexpr uint16_t kTestFalse = 12;        // returns false, unanswered
inline constexpr uint16_t kTestSilent = 13;       // returns true, unanswered
inline constexpr uint16_t kTestTwice = 14;        // answers with "first", then tries "second"
inline constexpr uint16_t kTestStruct = 15;       // wants an STestNumber; answers with it
inline constexpr uint16_t kTestOneWay = 16;       // declared to have no answer
inline constexpr uint16_t kTestOneWayFalse = 17;  // likewise, and returns false
inline constexpr uint16_t kTestOneWayReply = 34;  // likewise, and tries to answer
inline constexpr uint16_t kTestThrowInline = 18;  // kTestThrow on sb-io
inline constexpr uint16_t kTestTooBig = 19;       // tries a body of 65,528 bytes, then answers with "too big"
inline constexpr uint16_t kTestTooBigOnly = 35;   // tries the same, and nothing else

inline constexpr uint16_t kTestBig = 20;     // STestNumber n: answers with n bytes
inline constexpr uint16_t kTestPushes = 21;  // STestNumber n: n pushes of kTestPush, 1,000 bytes each, then an answer
inline constexpr uint16_t kTestPush = 22;    // server → client: an STestNumber in front, counted from 0
inline constexpr uint16_t kTestPushTarget = 28;   // its session is the one that gets the pushes of kTestPushEmpty
inline constexpr uint16_t kTestPushEmpty = 29;    // STestNumber n: n empty pushes of kTestPush, then an answer
inline constexpr uint16_t kTestBlock = 23;        // STestNumber n: answers after n milliseconds, and blocks its thread
inline constexpr uint16_t kTestAwaitGate = 24;    // answers once the gate is open, and blocks its thread
inline constexpr uint16_t kTestOpenGate = 25;     // opens the worker's gate for good; inline
inline constexpr uint16_t kTestBlockInline = 27;  // kTestBlock on sb-io
inline constexpr uint16_t kTestCount = 26;        // answers with how many of these the session has sent: its state

// Answered by another thread after n milliseconds (STestNumber n), or never.
inline constexpr uint16_t kTestDefer = 30;
inline constexpr uint16_t kTestDeferInline = 31;
inline constexpr uint16_t kTestDeferForever = 32;
inline constexpr uint16_t kTestDeferDrop = 33;    // drops the right to answer at once
inline constexpr uint16_t kTestDeferTooBig = 36;  // tries a body of 65,528 bytes before that

inline constexpr uint16_t kTestCloseMe = 40;  // asks for the close of its session, then answers
inline constexpr uint16_t kTestAbort = 41;    // ends the worker

// Answered with the most sessions that its worker has had at a time (STestNumber).
inline constexpr uint16_t kTestCrowd = 42;

// Answered with "worker W, listener L".
inline constexpr uint16_t kTestAbout = 37;
// Answered with the worker's test.number (STestNumber).
inline constexpr uint16_t kTestConfig = 43;
// STestNumber n: counts n more of "samples", on the business pool and on sb-io; answered with an empty body.
inline constexpr uint16_t kTestSample = 44;
inline constexpr uint16_t kTestSampleInline = 45;

// The body says how the worker dies or is tormented: "exit" (3) and "_exit" (2) in the handler; abort in
// "disconnect" (of this client), "job" (posted), "timer" or "lost" (OnLost); "astray" and "no-memory": a thread of the
// logic's own throws. "post-forever" posts a job that posts itself again, "post-many" 1,000 jobs.
// Answered at once, where the worker lives on.
inline constexpr uint16_t kTestTorment = 60;
// Tries what its body names ("shadow", "exec", …: Transgressions.h), on a thread of the pool, on sb-io, on one that may
// block, and on a thread of its own; answered with the errno, 0 where it was done (STestNumber).
inline constexpr uint16_t kTestTransgress = 46;
inline constexpr uint16_t kTestTransgressInline = 47;
inline constexpr uint16_t kTestTransgressBlocking = 48;
inline constexpr uint16_t kTestTransgressThread = 49;
// Writes random bytes over what the worker shares with others, 100 times (STestNumber: the seed).
inline constexpr uint16_t kTestScribble = 50;
// Cuts to nothing each file that the worker shares with others, through descriptors and by name.
inline constexpr uint16_t kTestTruncate = 51;

// STestNumber n: tells the master n messages that are none, descriptors with some of them; with n = 0, one of a single
// byte, which ends the line.
inline constexpr uint16_t kTestBabble = 52;
// Puts the body in the place of the name of "samples" (kTestSample), in the page that the worker shares.
inline constexpr uint16_t kTestForgeName = 53;

// "VERB NAME|TEXT": does that with the hub (CHubModule); answered with "yes", "no", a number, or sessions in lines.
inline constexpr uint16_t kTestHub = 54;

inline constexpr uint16_t kTestUnknown = 999;  // has no handler

// A file of this name in the working directory makes a worker abort, refuse, ask for a socket, or hang (two minutes),
// at its start.
inline constexpr const char* kTestCrashFile = "crash-at-start";
inline constexpr const char* kTestRefuseFile = "refuse-to-start";
inline constexpr const char* kTestSocketFile = "socket-at-start";
inline constexpr const char* kTestHangFile = "hang-at-start";

#pragma pack(push, 1)
struct STestNumber {
  boost::endian::big_uint32_t value;
};

// Where a handler ran.
struct STestPlace {
  boost::endian::big_uint32_t pid;
  boost::endian::big_uint32_t worker;
  char thread[16];
};
#pragma pack(pop)

}  // namespace switchboard
