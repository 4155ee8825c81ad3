//! Generates service stubs from the descriptor set that `temporalio-protos` exports, and the
//! messages of our own schema. No `.proto` file of others is copied, and no `protoc` is needed.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;
use protox::{
    file::{ChainFileResolver, DescriptorSetFileResolver, GoogleFileResolver, IncludeFileResolver},
    prost_reflect::prost_types::FileDescriptorSet,
};

/// The services whose stubs we need, by package.
const SERVICE_PACKAGES: [&str; 3] = [
    "temporal.api.workflowservice.v1",
    "temporal.api.operatorservice.v1",
    "temporal.api.testservice.v1",
];

/// The schema of what the coordinator persists.
const STATE_FILES: [&str; 3] = [
    "persevere/state/v1/overlay.proto",
    "persevere/state/v1/history.proto",
    "persevere/state/v1/token.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=schema");
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let descriptors = fs::read(env::var("DEP_TEMPORALIO_PROTOS_DESCRIPTOR_PATH")?)?;
    fs::write(out.join("temporal_api.bin"), &descriptors)?;

    let mut services = FileDescriptorSet::decode(descriptors.as_slice())?;
    configure().compile_fds(state_schema(services.clone())?)?;
    services.file.retain(|file| SERVICE_PACKAGES.contains(&file.package()));
    configure().compile_fds(services)?;
    Ok(())
}

/// Our own schema. Its imports are resolved from the exported descriptor set.
fn state_schema(api: FileDescriptorSet) -> Result<FileDescriptorSet, Box<dyn Error>> {
    let mut resolver = ChainFileResolver::new();
    resolver.add(IncludeFileResolver::new("schema".into()));
    resolver.add(DescriptorSetFileResolver::new(api));
    resolver.add(GoogleFileResolver::new());
    let mut schema = protox::Compiler::with_file_resolver(resolver)
        .include_imports(true) // the generator looks at the messages that ours contain
        .include_source_info(true)
        .open_files(STATE_FILES)?
        .file_descriptor_set();
    schema.file.iter_mut().for_each(|file| file.service.clear());
    Ok(schema)
}

/// Stubs refer to the messages of `temporalio-protos` instead of generating their own.
fn configure() -> tonic_prost_build::Builder {
    tonic_prost_build::configure()
        .build_client(env::var_os("CARGO_FEATURE_CLIENT").is_some())
        .build_server(env::var_os("CARGO_FEATURE_SERVER").is_some())
        .extern_path(".temporal.api", "::temporalio_protos::temporal::api")
        .extern_path(".google.protobuf.Duration", "::prost_wkt_types::Duration")
}
