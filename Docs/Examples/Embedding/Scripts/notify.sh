#!/bin/sh
# The facts are in the environment, the arguments as given.
echo "dear $1, $GARDEN_BED got $GARDEN_LITRES litres"
