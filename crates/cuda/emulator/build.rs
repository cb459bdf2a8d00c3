//! Compiles the kernels with the C++ compiler.

fn main() {
    println!("cargo:rerun-if-changed=../kernels");
    println!("cargo:rerun-if-changed=src/emulator.cpp");
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .include("../kernels")
        .file("src/emulator.cpp")
        // Optimised in any profile: a kernel runs millions of its threads one after the other.
        .opt_level(2)
        .flag_if_supported("-fno-exceptions")
        .flag_if_supported("-fno-rtti")
        .flag_if_supported("-Wno-unknown-pragmas")
        .flag_if_supported("-Wno-unused-function")
        .compile("canopy_cuda_emulator");
}
