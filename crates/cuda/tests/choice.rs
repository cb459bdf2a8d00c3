//! What is chosen and what is said about it. One test: the choice is the process's.

use canopy_core::Coded;
use canopy_cuda::{Choice, Error, choose, device, fell_back, status};

#[test]
fn a_device_is_chosen_found_or_explained() {
    let auto = status();
    assert_eq!(auto.choice, Choice::Auto);
    match device() {
        Ok(found) => assert_eq!((auto.device, auto.name), ("gpu", Some(found.info().name.clone()))),
        Err(error) => {
            assert_eq!((auto.device, auto.code), ("cpu", Some(error.code())));
            assert!(auto.reason.is_some_and(|reason| reason.contains("no GPU is used")));
            fell_back("a test", &error);
            fell_back("a test", &error);
        }
    }
    choose(Choice::Cpu);
    assert_eq!(device().map(drop), Err(Error::Off));
    assert_eq!(status().code, Some("GPU_OFF"));
    choose(Choice::Gpu);
    assert_eq!(device().map(drop).map_err(|error| error.code()).err(), auto.code);
    assert_eq!([Choice::from_name("gpu"), Choice::from_name("GPU")], [Some(Choice::Gpu), None]);
}
