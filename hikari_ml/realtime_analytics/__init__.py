"""What is going on in the stream: viewers, topics, moments, anomalies, forecasts.

Everything follows the timestamps of the messages, not the machine's clock, so that a recording gives the
same numbers at any speed.
"""
