"""Boxes that speak AMI over TCP with no Asterisk behind them.

    scenario ──► network ──► box ──► server ──AMI/TCP──► an adapter
    (who calls,   (phones,   (channels,  (sessions,
     when)         trunks)    dialplan)   wire faults)

What always holds:

- The adapter cannot tell: header names, their order, error sentences and the order of events are
  those recorded from Asterisk 22.10 (tests/simulator/recordings). Where a real box's threads race,
  a seeded coin decides (`Box.either`), so code that leans on one order fails here too.
- Boxes live in real time. Only people may be made faster (`Scenario.faster`): Originate's
  Timeout, the dialplan's timeout and TCP are never scaled, because the coordinator's clock is not.
- Nothing here is a task per channel: every delay is one timer of the loop (or of `ManualClock`).

Not simulated: audio, codecs, Dial*/New*Line/VarSet/Newexten events, CLI, any dialplan but gvq.conf.

Start with `World`: boxes that listen, and their `network` of phones and callers. `scenario` draws
a day from a seed. `world.vanish`, `world.servers[box].drop()` and `.faults` are for chaos.

Modules: `messages` (AMI text), `events` (what a box says), `clock`, `channel`, `box` (channels,
bridges, devices), `dialplan` and `agents` (what gvq.conf does), `originate`, `phones`, `callers`,
`network`, `account` (the shipped manager.conf), `actions` (what a box answers), `server`, `faults`,
`world`, `scenario`.
"""
