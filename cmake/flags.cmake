# Compiler and linker settings shared by everything, as the interface target sla_flags.
add_library(sla_flags INTERFACE)
target_compile_options(sla_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Werror
  -fno-omit-frame-pointer -fstack-protector-strong
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
target_link_options(sla_flags INTERFACE -Wl,-z,relro,-z,now)
target_link_libraries(sla_flags INTERFACE Threads::Threads)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # A field left out of a designated initializer has its default; that is what they are for.
  target_compile_options(sla_flags INTERFACE -Wno-missing-designated-field-initializers)
  target_link_options(sla_flags INTERFACE -fuse-ld=lld)
endif()
if(SLA_SANITIZE)
  target_compile_options(sla_flags INTERFACE -fsanitize=${SLA_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(sla_flags INTERFACE -fsanitize=${SLA_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(sla_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
if(SLA_FUZZ)
  target_compile_options(sla_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
# Invariants of the books are checked in every build: wrong figures are worse than a crash.
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
