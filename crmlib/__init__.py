"""crmlib: customer relationship management as small, tested functions.

The chapters of the course each have one module here: ``clv`` for lifetime value, ``btyd`` for
lifetime value from orders, and so on. Data comes in through ``crmlib.data``.
"""

__version__ = "0.1.0"
