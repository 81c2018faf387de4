"""The feeds: how news gets from a commit to the screens of those who may see it.

``numbering`` keeps each feed's numbers and its replay window in Redis, ``hub`` brings what is published into this
process and to its sockets, ``outbox`` is what one socket still has to be sent, ``admission`` says who may listen and
``consumers`` speaks to one client. What the feeds are about, and who hears which, is said above, by the apps.
"""
