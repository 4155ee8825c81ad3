//! A trip that is booked whole or not at all: compensations are registered before each step and
//! run in reverse when a later step fails.

use persevere::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Trip {
    id: String,
    destination: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Booking {
    hotel: String,
    flight: String,
}

#[derive(Debug, Failure, Serialize, Deserialize)]
enum BookingError {
    /// Trying again would not help.
    #[failure(non_retryable)]
    SoldOut { what: String },
}

#[activity(start_to_close = "10s")]
async fn book_hotel(trip: Trip) -> Result<String, BookingError> {
    println!("  book a hotel in {}", trip.destination);
    Ok(format!("room 7 in {}", trip.destination))
}

#[activity(start_to_close = "10s")]
async fn book_flight(trip: Trip) -> Result<String, BookingError> {
    println!("  book a flight to {}", trip.destination);
    if trip.destination == "Atlantis" {
        return Err(BookingError::SoldOut { what: "the flight to Atlantis".into() });
    }
    Ok(format!("seat 12A to {}", trip.destination))
}

#[activity(start_to_close = "10s")]
async fn cancel_hotel(trip: String) -> Result<()> {
    println!("  cancel the hotel of {trip}");
    Ok(())
}

#[activity(start_to_close = "10s")]
async fn cancel_flight(trip: String) -> Result<()> {
    println!("  cancel the flight of {trip}, if it was booked");
    Ok(())
}

#[workflow]
async fn book_trip(trip: Trip) -> Result<Booking> {
    let mut saga = Saga::new();
    saga.undo(cancel_hotel(trip.id.clone()));
    let hotel = book_hotel(trip.clone()).await?; // any `?` from here on compensates
    saga.undo(cancel_flight(trip.id.clone()));
    let flight = book_flight(trip).await?;
    saga.commit();
    Ok(Booking { hotel, flight })
}

#[tokio::main]
async fn main() -> Result<()> {
    let app = App::builder().open_in_memory().await?;
    for (id, destination) in [("trip-1", "Lisbon"), ("trip-2", "Atlantis")] {
        println!("{id}:");
        let trip = Trip { id: id.into(), destination: destination.into() };
        match book_trip(trip).id(id).run(&app).await {
            Ok(booking) => println!("  booked: {}, {}", booking.hotel, booking.flight),
            Err(error) => println!("  not booked: {error}"),
        }
    }
    app.shutdown().await
}
