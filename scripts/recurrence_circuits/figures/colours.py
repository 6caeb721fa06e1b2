"""The palette: Okabe and Ito's colours, told apart by readers with any common colour blindness, and two greys."""

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
GREY, PALE = "#8C8C8C", "#EDEDED"

TRAINED, UNTRAINED = BLUE, GREY  # models
HOLDS, FAILS = BLUE, VERMILION  # criteria
CYCLE = [BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK]  # for things without a colour of their own, such as seeds
