// Macros for clang's -Wthread-safety analysis; they expand to nothing elsewhere.
// Source: https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
#pragma once

#if defined(__clang__)
#define SWITCHBOARD_ANNOTATION(x) __attribute__((x))
#else
#define SWITCHBOARD_ANNOTATION(x)
#endif

#ifndef GUARDED_BY
#define CAPABILITY(x) SWITCHBOARD_ANNOTATION(capability(x))
#define SCOPED_CAPABILITY SWITCHBOARD_ANNOTATION(scoped_lockable)
#define GUARDED_BY(x) SWITCHBOARD_ANNOTATION(guarded_by(x))
#define REQUIRES(...) SWITCHBOARD_ANNOTATION(requires_capability(__VA_ARGS__))
#define ACQUIRE(...) SWITCHBOARD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define RELEASE(...) SWITCHBOARD_ANNOTATION(release_capability(__VA_ARGS__))
#define EXCLUDES(...) SWITCHBOARD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS SWITCHBOARD_ANNOTATION(no_thread_safety_analysis)
#endif
