"""What bench/run is made of: yardsticks, data, runs in alternation, tables and charts."""
