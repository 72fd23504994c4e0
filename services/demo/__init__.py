"""The generated sample: a Chinese dealer group that sells to fleets, made up from a seed and loaded over HTTP only."""
