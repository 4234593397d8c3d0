"""The next hour: network, trees and simple rules, judged on the past of the channel."""
